import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Statistics")
struct StatisticsTests {
    private func scenario(_ conditions: LinkConditions = LinkConditions(delay: .milliseconds(10))) -> Scenario {
        let scenario = Scenario(seed: 6, conditions: conditions)
        scenario.clientConfiguration.datagrams.maximumFrameSize = 1_200
        scenario.serverConfiguration { $0.datagrams.maximumFrameSize = 1_200 }
        return scenario
    }

    @Test("packets and bytes are those of the network, in both directions")
    func packets() throws {
        let scenario = self.scenario(LinkConditions(delay: .milliseconds(10), loss: 0.02))
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(200_000))
        #expect(scenario.run { server.ended.count == 1 })
        scenario.run(.milliseconds(200))
        let network = scenario.simulation.network
        for (one, other, ends) in [
            (client, server, (scenario.client.address, scenario.server.address)),
            (server, client, (scenario.server.address, scenario.client.address)),
        ] {
            let counted = network.statistics(from: ends.0, to: ends.1)
            let sender = try #require(one.engine?.statistics)
            let receiver = try #require(other.engine?.statistics)
            #expect(sender.datagramsSent == UInt64(counted.sent))
            #expect(sender.bytesSent == UInt64(counted.bytesSent))
            #expect(receiver.datagramsReceived == UInt64(counted.delivered))
            #expect(receiver.bytesReceived == UInt64(counted.bytesDelivered))
        }
        #expect(network.statistics.lost > 0)
        scenario.expectNothingLeft()
    }

    @Test("losses are close to those of the network")
    func losses() throws {
        let scenario = self.scenario(LinkConditions(delay: .milliseconds(10)))
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(1))
        var conditions = LinkConditions(delay: .milliseconds(10))
        conditions.loss = 0.03
        scenario.simulation.network.setConditions(
            conditions, from: scenario.client.address, to: scenario.server.address)
        try client.open(sending: pattern(1_000_000))
        #expect(scenario.run { server.ended.count == 1 })
        scenario.run(.seconds(1))
        let counted = scenario.simulation.network.statistics(from: scenario.client.address, to: scenario.server.address)
            .lost
        let told = try #require(client.engine?.statistics.packetsLost)
        #expect(counted > 10)
        // Lost acknowledgements are not told; packets that were only believed lost are.
        #expect(told >= UInt64(counted) * 7 / 10)
        #expect(told <= UInt64(counted) * 15 / 10 + 3)
        #expect(server.engine?.statistics.packetsLost == 0)
        scenario.expectNothingLeft()
    }

    @Test("streams and their bytes are counted at both ends")
    func streams() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        for _ in 0..<3 { try client.open(.unidirectional, sending: pattern(1_000)) }
        try server.open(.unidirectional, sending: pattern(500), finish: false)
        #expect(scenario.run { server.ended.count == 3 })
        scenario.run(.milliseconds(500))
        let ours = try #require(client.engine?.statistics)
        let theirs = try #require(server.engine?.statistics)
        #expect(ours.streamBytesWritten == 3_000)
        #expect(ours.streamBytesReceived == 500)
        #expect(theirs.streamBytesWritten == 500)
        #expect(theirs.streamBytesReceived == 3_000)
        for statistics in [ours, theirs] {
            #expect(statistics.streamsOpened == 4)
            #expect(statistics.streamsClosed == 3)
            #expect(statistics.streamsActive == 1)
        }
        scenario.expectNothingLeft()
    }

    @Test("datagrams are counted as sent, received, lost and dropped")
    func datagrams() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(1))
        for number in 0..<10 { try client.engine?.sendDatagram([UInt8(number)]) }
        scenario.run(.milliseconds(100))
        #expect(client.engine?.statistics.datagramFramesSent == 10)
        #expect(server.engine?.statistics.datagramFramesReceived == 10)
        #expect(client.engine?.statistics.datagramFramesLost == 0)
        var isFirst = true
        scenario.simulation.network.filter = { _, path, _ in
            defer { if path.local == scenario.client.address { isFirst = false } }
            return path.local == scenario.client.address && isFirst ? .drop : .deliver
        }
        for _ in 0..<10 {
            try client.engine?.sendDatagram(pattern(1_000))
            scenario.run(.milliseconds(5))
        }
        scenario.run(.seconds(2))
        #expect(client.engine?.statistics.datagramFramesLost == 1)
        #expect(server.engine?.statistics.datagramFramesReceived == 19)
        scenario.expectNothingLeft()
    }

    @Test("round trips and the handshake's time are those of the path")
    func times() throws {
        let scenario = self.scenario(LinkConditions(delay: .milliseconds(40)))
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(100_000))
        #expect(scenario.run { server.ended.count == 1 })
        let ours = try #require(client.engine?.statistics)
        #expect(ours.handshakeDuration == .milliseconds(80))
        #expect(server.engine?.statistics.handshakeDuration == .milliseconds(80))
        #expect(ours.minimumRTT == .milliseconds(80))
        #expect(ours.latestRTT >= .milliseconds(80) && ours.latestRTT < .milliseconds(110))
        #expect(ours.smoothedRTT >= .milliseconds(80) && ours.smoothedRTT < .milliseconds(110))
        #expect(ours.rttVariation < .milliseconds(40))
        scenario.expectNothingLeft()
    }

    @Test("before anything has happened all is zero")
    func atFirst() throws {
        let scenario = self.scenario()
        let client = try scenario.dial()
        let statistics = try #require(client.engine?.statistics)
        #expect(statistics.datagramsSent == 0)
        #expect(statistics.minimumRTT == .zero)
        #expect(statistics.handshakeDuration == nil)
        #expect(
            statistics.paths.map(\.path) == [
                NetworkPath(local: scenario.client.address, remote: scenario.server.address)
            ])
        #expect(statistics.paths.first?.isValidated == nil)
        scenario.expectNothingLeft()
    }

    @Test("the figures are still there when the connection is over")
    func afterClose() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(50_000))
        #expect(scenario.run { server.ended.count == 1 })
        scenario.run(.milliseconds(300))
        try client.withEngine { engine in
            let before = engine.statistics
            try engine.close(applicationCode: 0, now: scenario.now)
            #expect(engine.statistics.smoothedRTT == before.smoothedRTT)
            scenario.run(.seconds(5))
            #expect(engine.phase == .closed)
            let after = engine.statistics
            #expect(after.smoothedRTT == before.smoothedRTT)
            #expect(after.congestionWindow == before.congestionWindow)
            #expect(after.streamBytesWritten == 50_000)
            #expect(after.maximumPayload == before.maximumPayload)
            #expect(after.packetsLost == before.packetsLost)
            #expect(after.datagramsSent == before.datagramsSent + 1)
            #expect(after.streamsActive == 0)
        }
        scenario.expectNothingLeft()
    }
}

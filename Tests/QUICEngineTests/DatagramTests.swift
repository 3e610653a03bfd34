import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Datagrams")
struct DatagramTests {
    private func scenario(seed: UInt64 = 1, conditions: LinkConditions = LinkConditions(delay: .milliseconds(10)))
        -> Scenario
    {
        let scenario = Scenario(seed: seed, conditions: conditions)
        scenario.serverConfiguration { $0.datagrams.maximumFrameSize = 65_535 }
        scenario.clientConfiguration.datagrams.maximumFrameSize = 65_535
        return scenario
    }

    @Test("go both ways unchanged, each with a number of its own")
    func bothWays() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        let up = (0..<5).map { pattern(100 + $0 * 200, seed: 1) }
        let down = (0..<5).map { pattern(50 + $0 * 100, seed: 2) }
        let numbers = try up.map { try client.live.sendDatagram($0) }
        for datagram in down { try server.live.sendDatagram(datagram) }
        #expect(numbers == [0, 1, 2, 3, 4])
        #expect(try client.live.datagramsQueued == 5)
        #expect(scenario.run { server.receivedDatagrams.count == 5 && client.receivedDatagrams.count == 5 })
        #expect(server.receivedDatagrams == up)
        #expect(client.receivedDatagrams == down)
        #expect(try client.live.datagramsQueued == 0)
        #expect(scenario.run { numbers.allSatisfy { client.saw(.datagramAcknowledged($0)) } })
        #expect(try client.live.statistics.datagramFramesSent == 5)
        #expect(try server.live.statistics.datagramFramesReceived == 5)
        #expect(try server.live.readDatagram() == nil)
        scenario.expectNothingLeft()
    }

    @Test("the largest size is 0 before the handshake, more after it, and grows with the path's MTU")
    func maximumSize() throws {
        let scenario = self.scenario()
        let client = try scenario.dial()
        #expect(try client.live.maximumDatagramSize == 0)
        #expect(refusal { try client.live.sendDatagram([1]) } == .datagramNotPossible)
        #expect(scenario.run { client.isConnected })
        let first = try client.live.maximumDatagramSize
        #expect(first > 1_100)
        #expect(first < 1_200)
        #expect(scenario.run { ((try? client.live.maximumDatagramSize) ?? 0) > 1_350 })
        let server = try #require(scenario.server.accepted.last)
        let largest = pattern(try client.live.maximumDatagramSize)
        try client.live.sendDatagram(largest)
        #expect(scenario.run { server.receivedDatagrams == [largest] })
        try client.live.close(now: scenario.now)
        #expect(try client.live.maximumDatagramSize == 0)
        #expect(refusal { try client.live.sendDatagram([1]) } == .connectionStateMismatch)
        scenario.expectNothingLeft()
    }

    @Test("the peer's limit bounds the size where it is below the path's")
    func peerLimit() throws {
        let scenario = self.scenario()
        scenario.serverConfiguration { $0.datagrams.maximumFrameSize = 503 }
        let (client, server) = try scenario.connect()
        #expect(try client.live.maximumDatagramSize == 500)
        #expect(refusal { try client.live.sendDatagram(pattern(501)) } == .datagramNotPossible)
        try client.live.sendDatagram(pattern(500))
        #expect(scenario.run { server.receivedDatagrams == [pattern(500)] })
        scenario.expectNothingLeft()
    }

    @Test("one that is too long, and an empty one, are refused and leave no trace")
    func refused() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        let tooLong = pattern(try client.live.maximumDatagramSize + 1)
        #expect(refusal { try client.live.sendDatagram(tooLong) } == .datagramNotPossible)
        #expect(refusal { try client.live.sendDatagram([]) } == .datagramNotPossible)
        #expect(try client.live.datagramsQueued == 0)
        #expect(try client.live.sendDatagram([7]) == 0)
        #expect(scenario.run { server.receivedDatagrams == [[7]] })
        scenario.expectNothingLeft()
    }

    @Test("a peer that takes none is not sent any, while it may send some itself")
    func peerWithout() throws {
        let scenario = self.scenario()
        scenario.serverConfiguration { $0.datagrams.maximumFrameSize = 0 }
        let (client, server) = try scenario.connect()
        #expect(try client.live.maximumDatagramSize == 0)
        #expect(refusal { try client.live.sendDatagram([1]) } == .datagramNotPossible)
        try server.live.sendDatagram([2])
        #expect(scenario.run { client.receivedDatagrams == [[2]] })
        scenario.expectNothingLeft()
    }

    @Test("a full send queue refuses the newest and counts it, by number and by bytes", arguments: [true, false])
    func sendQueueFull(byNumber: Bool) throws {
        let scenario = self.scenario()
        if byNumber {
            scenario.clientConfiguration.datagrams.sendQueueCount = 3
        } else {
            scenario.clientConfiguration.datagrams.sendQueueBytes = 300
        }
        let (client, server) = try scenario.connect()
        for value in 0..<3 { try client.live.sendDatagram(Array(repeating: UInt8(value), count: 100)) }
        #expect(refusal { try client.live.sendDatagram([9]) } == .queueFull)
        #expect(refusal { try client.live.sendDatagram([9]) } == .queueFull)
        #expect(try client.live.statistics.datagramFramesDropped == 2)
        #expect(scenario.run { server.receivedDatagrams.count == 3 })
        #expect(server.receivedDatagrams.map(\.first) == [0, 1, 2])
        #expect(try client.live.sendDatagram([4]) == 3)
        #expect(scenario.run { server.receivedDatagrams.count == 4 })
        scenario.expectNothingLeft()
    }

    @Test("a full receive queue drops the newest and counts it; the reader is told once")
    func receiveQueueFull() throws {
        let scenario = self.scenario()
        scenario.serverConfiguration { $0.datagrams.receiveQueueCount = 4 }
        let (client, server) = try scenario.connect()
        // All in one packet, so that nothing is read in between.
        for value in 0..<10 { try client.live.sendDatagram([UInt8(value)]) }
        #expect(scenario.run { !server.receivedDatagrams.isEmpty })
        #expect(server.receivedDatagrams == [[0], [1], [2], [3]])
        #expect(server.count(of: .datagramReadable) == 1)
        #expect(try server.live.statistics.datagramFramesDropped == 6)
        #expect(try server.live.statistics.datagramFramesReceived == 10)
        try client.live.sendDatagram([10])
        #expect(scenario.run { server.receivedDatagrams.count == 5 })
        #expect(server.count(of: .datagramReadable) == 2)
        scenario.expectNothingLeft()
    }

    @Test(
        "under loss each datagram is said to be acknowledged or lost, and none is sent again", arguments: UInt64(1)...3)
    func fates(seed: UInt64) throws {
        let scenario = self.scenario(seed: seed, conditions: LinkConditions(delay: .milliseconds(10)))
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(2))
        scenario.simulation.network.setConditions(
            LinkConditions(delay: .milliseconds(10), loss: 0.3), from: scenario.client.address,
            to: scenario.server.address)
        for number in 0..<200 {
            try client.live.sendDatagram(Array(repeating: UInt8(number), count: 400))
            scenario.run(.milliseconds(20))
        }
        scenario.run(.seconds(10))
        let acknowledged = (0..<200).filter { client.saw(.datagramAcknowledged(UInt64($0))) }
        let lost = (0..<200).filter { client.saw(.datagramLost(UInt64($0))) }
        #expect(acknowledged.count + lost.count >= 200, "seed \(seed)")
        #expect(lost.count > 20, "seed \(seed)")
        #expect(try client.live.statistics.datagramFramesLost == UInt64(lost.count), "seed \(seed)")
        let arrived = server.receivedDatagrams.compactMap(\.first)
        #expect(Set(arrived).count == arrived.count, "seed \(seed)")
        #expect(Set(acknowledged.map { UInt8($0) }).isSubset(of: arrived), "seed \(seed)")
        #expect(arrived.count < 200, "seed \(seed)")
        scenario.expectNothingLeft()
    }

    @Test("datagrams and a stream share a congested path, and neither stops the other")
    func mixedWithStreams() throws {
        let conditions = LinkConditions(delay: .milliseconds(20), bandwidth: 4_000_000, queueLimit: 30_000)
        let scenario = self.scenario(conditions: conditions)
        let (client, server) = try scenario.connect()
        let source = pattern(500_000)
        let id = try client.open(.unidirectional, sending: source)
        var sent = 0
        for round in 0..<60 {
            if (try? client.live.sendDatagram(Array(repeating: UInt8(round), count: 900))) != nil { sent += 1 }
            scenario.run(.milliseconds(15))
        }
        #expect(scenario.run { server.ended.contains(id) })
        #expect(server.received[id] == source)
        #expect(sent == 60)
        #expect(server.receivedDatagrams.count > 40)
        #expect(server.receivedDatagrams.allSatisfy { $0.count == 900 })
        scenario.expectNothingLeft()
    }

    @Test("datagrams that wait when the connection closes are let go of")
    func waitingAtClose() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        for _ in 0..<100 { try client.live.sendDatagram(pattern(1_000)) }
        try client.live.close(now: scenario.now)
        #expect(try client.live.datagramsQueued == 0)
        #expect(scenario.run { server.engine == nil })
        scenario.expectNothingLeft()
    }
}

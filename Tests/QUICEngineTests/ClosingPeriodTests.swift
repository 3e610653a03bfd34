import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Closing and draining")
struct ClosingPeriodTests {
    /// Three probe timeouts (RFC 9002 §6.2.1), from the round trips that were measured.
    static func threeProbeTimeouts(_ statistics: ConnectionStatistics) -> Duration {
        let variation = max(statistics.rttVariation * 4, .milliseconds(1))
        let probe = statistics.smoothedRTT + variation + .milliseconds(25)
        return probe * 3
    }

    @Test("the saved packet answers the 1st, 2nd, 4th, 8th … packet, the same each time")
    func backOff() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        try client.withEngine { engine in
            try engine.close(applicationCode: 5, now: scenario.now)
            let first = engine.takeDatagrams(now: scenario.now)
            #expect(first.count == 1)
            var answered: [Int] = []
            for number in 1...40 {
                engine.receive([0x40, 1, 2, 3], now: scenario.now)
                let answer = engine.takeDatagrams(now: scenario.now)
                if !answer.isEmpty { answered.append(number) }
                #expect(answer.allSatisfy { $0.bytes == first[0].bytes && $0.path == first[0].path })
            }
            #expect(answered == [1, 2, 4, 8, 16, 32])
        }
        scenario.expectNothingLeft()
    }

    @Test("closing lasts three probe timeouts, and not longer when packets come")
    func closingTime() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        scenario.run(.seconds(1))
        try client.withEngine { engine in
            let expected = Self.threeProbeTimeouts(engine.statistics)
            let start = scenario.now
            try engine.close(applicationCode: 5, now: start)
            let deadline = try #require(engine.nextTimeout)
            #expect(deadline.duration(since: start) == expected)
            engine.receive([0x40, 1, 2, 3], now: start.advanced(by: .milliseconds(30)))
            #expect(engine.nextTimeout == deadline)
            engine.handleTimeout(now: EngineInstant(nanoseconds: deadline.nanoseconds - 1))
            #expect(engine.phase == .closing)
            engine.handleTimeout(now: deadline)
            #expect(engine.phase == .closed)
            #expect(engine.nextTimeout == nil)
            engine.receive([0x40, 1, 2, 3], now: deadline)
            #expect(engine.takeDatagrams(now: deadline).isEmpty)
        }
        scenario.expectNothingLeft()
    }

    @Test("draining is silent whatever comes, and lasts three probe timeouts")
    func draining() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(1))
        try client.engine?.close(applicationCode: 5, now: scenario.now)
        scenario.run(.milliseconds(15)) { server.closeReason != nil }
        try server.withEngine { engine in
            #expect(engine.phase == .draining)
            let expected = Self.threeProbeTimeouts(engine.statistics)
            #expect(engine.nextTimeout?.duration(since: scenario.now) == expected)
            for _ in 0..<20 {
                engine.receive([0x40, 1, 2, 3], now: scenario.now)
                #expect(engine.takeDatagrams(now: scenario.now).isEmpty)
            }
            #expect(engine.phase == .draining)
        }
        let sent = server.engine?.statistics.datagramsSent
        try server.withEngine { engine in
            scenario.run(.seconds(2))
            #expect(engine.phase == .closed)
            #expect(engine.statistics.datagramsSent == sent)
        }
        scenario.expectNothingLeft()
    }

    @Test("a close packet that is lost is sent again when the peer goes on sending")
    func lostClose() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let stream = try client.open(sending: pattern(10), finish: false)
        scenario.run(.milliseconds(200))
        var dropped = 0
        scenario.simulation.network.filter = { _, path, _ in
            guard path.local == scenario.server.address, dropped < 2 else { return .deliver }
            dropped += 1
            return .drop
        }
        try server.engine?.close(applicationCode: 8, reason: "gone", now: scenario.now)
        // The client has not heard of it and writes.
        for _ in 0..<4 {
            client.send(pattern(100), on: stream, finish: false)
            scenario.run(.milliseconds(12))
        }
        #expect(dropped == 2)
        #expect(client.closeReason == ConnectionCloseReason(.peer, .application(8), reason: "gone"))
        scenario.expectNothingLeft()
    }

    @Test("both ends may close at once: each keeps its own reason")
    func bothAtOnce() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        try client.engine?.close(applicationCode: 1, reason: "client", now: scenario.now)
        try server.engine?.close(applicationCode: 2, reason: "server", now: scenario.now)
        let before = scenario.simulation.network.statistics.sent
        scenario.run(.seconds(2))
        #expect(client.closeReason == ConnectionCloseReason(.local, .application(1), reason: "client"))
        #expect(server.closeReason == ConnectionCloseReason(.local, .application(2), reason: "server"))
        // Each packet that answers another is half as likely as the one before: the exchange dies out.
        #expect(scenario.simulation.network.statistics.sent - before < 12)
        scenario.expectNothingLeft()
    }

    @Test("an abandoned connection says nothing, and is over at once")
    func abandon() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        scenario.run(.milliseconds(200))
        let before = scenario.simulation.network.statistics.sent
        client.engine?.abandon(now: scenario.now)
        #expect(client.phase == .closed)
        scenario.run(.seconds(5))
        #expect(scenario.simulation.network.statistics.sent == before)
        #expect(client.closeReason == ConnectionCloseReason(.local, nil, reason: "abandoned"))
        #expect(client.events.last == .terminated)
        #expect(server.phase == .confirmed)
        scenario.run(.seconds(60)) { server.closeReason != nil }
        #expect(server.closeReason?.closedBy == .idleTimeout)
        scenario.expectNothingLeft()
    }

    @Test("a buffer too small for the close packet gets nothing, a larger one gets it later")
    func smallBuffer() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        try client.withEngine { engine in
            try engine.close(applicationCode: 5, reason: "a reason of some length", now: scenario.now)
            #expect(engine.takeDatagrams(room: 20, now: scenario.now).isEmpty)
            #expect(engine.runs.isEmpty)
        }
        scenario.run(.milliseconds(15)) { server.closeReason != nil }
        #expect(server.closeReason?.code == .application(5))
        scenario.expectNothingLeft()
    }
}

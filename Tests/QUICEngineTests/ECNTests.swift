import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("ECN")
struct ECNTests {
    private func transfer(_ conditions: LinkConditions) throws -> (Scenario, SimulatedConnection, SimulatedConnection) {
        let scenario = Scenario(conditions: conditions)
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(400_000))
        #expect(scenario.run { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(400_000))
        return (scenario, client, server)
    }

    @Test("packets are sent with ECT(0), also when the path is known to keep it")
    func marks() throws {
        let (scenario, client, server) = try self.transfer(LinkConditions(delay: .milliseconds(10)))
        let figures = try #require(client.engine?.statistics.ecn)
        #expect(figures.isValidated == true)
        #expect(figures.sent > 10 && figures.received > 0 && figures.congestionReceived == 0)
        #expect(server.engine?.statistics.ecn.isValidated == true)
        try client.withEngine { engine in
            let id = try engine.openStream(.unidirectional)
            try engine.write(pattern(10_000).span.bytes, to: id)
            let datagrams = engine.takeDatagrams(now: scenario.now)
            #expect(datagrams.count > 5)
            #expect(datagrams.allSatisfy { $0.ecn == .ect0 })
        }
        scenario.expectNothingLeft()
    }

    @Test("a router that clears the marks costs the marks and nothing else")
    func bleached() throws {
        let (scenario, client, _) = try self.transfer(LinkConditions(delay: .milliseconds(10), bleachesECN: true))
        let figures = try #require(client.engine?.statistics.ecn)
        #expect(figures.isValidated == false)
        #expect(figures.sent > 0 && figures.received == 0)
        try client.withEngine { engine in
            let id = try engine.openStream(.unidirectional)
            try engine.write(pattern(10_000).span.bytes, to: id)
            let datagrams = engine.takeDatagrams(now: scenario.now)
            #expect(datagrams.count > 5)
            #expect(datagrams.allSatisfy { $0.ecn == .notCapable })
        }
        scenario.expectNothingLeft()
    }

    @Test("marks of congestion reduce the window, without a single loss")
    func congestion() throws {
        let (clean, one, _) = try self.transfer(LinkConditions(delay: .milliseconds(10)))
        let free = try #require(one.engine?.statistics)
        clean.expectNothingLeft()
        let (scenario, client, server) = try self.transfer(LinkConditions(delay: .milliseconds(10), ecnMarking: 0.05))
        let seen = try #require(server.engine?.statistics.ecn)
        #expect(seen.congestionReceived > 0)
        let marked = try #require(client.engine?.statistics)
        #expect(scenario.simulation.network.statistics.marked > 5)
        #expect(marked.packetsLost == 0)
        #expect(marked.congestionWindow < free.congestionWindow / 2)
        #expect(marked.slowStartThreshold < free.slowStartThreshold)
        scenario.expectNothingLeft()
    }

    @Test("packets that answer a close carry no mark")
    func close() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        try client.withEngine { engine in
            try engine.close(applicationCode: 1, now: scenario.now)
            #expect(engine.takeDatagrams(now: scenario.now).map(\.ecn) == [.notCapable])
        }
        scenario.expectNothingLeft()
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Congestion control")
struct CongestionTests {
    @Test(
        "moves a megabyte over a link that loses one packet in a hundred",
        arguments: EngineConfiguration.CongestionControl.allCases)
    func underLoss(algorithm: EngineConfiguration.CongestionControl) throws {
        let scenario = Scenario(
            seed: 4,
            conditions: LinkConditions(delay: .milliseconds(15), bandwidth: 20_000_000, queueLimit: 100_000, loss: 0.01)
        )
        scenario.clientConfiguration.congestionControl = algorithm
        let (client, server) = try scenario.connect()
        let start = scenario.now
        try client.open(sending: pattern(1_000_000))
        #expect(scenario.run(.seconds(60)) { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(1_000_000))
        // Half a megabit per second is what even the most timid of them reaches.
        #expect(scenario.now.duration(since: start) < .seconds(16))
        let statistics = try #require(client.engine?.statistics)
        #expect(statistics.packetsLost > 0)
        #expect(statistics.congestionWindow >= 2_400)
        scenario.expectNothingLeft()
    }

    @Test("starts with ten packets and grows when they arrive")
    func initialWindow() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let first = try #require(client.engine?.statistics.congestionWindow)
        #expect(12_000...20_000 ~= first)
        try client.open(sending: pattern(500_000))
        scenario.run { server.ended.count == 1 }
        let later = try #require(client.engine?.statistics.congestionWindow)
        #expect(later > 2 * first)
        scenario.expectNothingLeft()
    }

    @Test("never has more in flight than the window allows")
    func inFlight() throws {
        let scenario = Scenario(
            conditions: LinkConditions(delay: .milliseconds(30), bandwidth: 10_000_000, queueLimit: 60_000))
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(500_000))
        var most: UInt64 = 0
        scenario.run {
            guard let statistics = client.engine?.statistics else { return true }
            most = max(most, statistics.bytesInFlight)
            // The last packet may pass the window by less than its size; a window that shrinks leaves more in flight.
            if statistics.packetsLost == 0 { #expect(statistics.bytesInFlight <= statistics.congestionWindow + 1_452) }
            return server.ended.count == 1
        }
        #expect(most > 10_000)
        scenario.expectNothingLeft()
    }

    @Test("waits for a lost first packet as long as the configured round trip says", arguments: [50, 333] as [Int64])
    func initialRTT(milliseconds: Int64) throws {
        let scenario = Scenario()
        scenario.clientConfiguration.initialRTT = .milliseconds(milliseconds)
        var times: [EngineInstant] = []
        scenario.simulation.network.filter = { _, _, _ in
            if times.last != scenario.now { times.append(scenario.now) }
            return times.count < 2 ? .drop : .deliver
        }
        let start = scenario.now
        let (client, _) = try scenario.connect()
        // RFC 9002 §6.2.2: three times the initial round trip, the variation being half of it.
        #expect(times.prefix(2).last?.duration(since: start) == .milliseconds(3 * milliseconds))
        #expect(client.phase == .confirmed)
        scenario.expectNothingLeft()
    }

    @Test("a higher acknowledgement threshold makes for fewer packets in the other direction")
    func acknowledgementThreshold() throws {
        func answers(threshold: Int) throws -> Int {
            let scenario = Scenario(conditions: LinkConditions(delay: .milliseconds(10), bandwidth: 20_000_000))
            scenario.serverConfiguration { $0.acknowledgementThreshold = threshold }
            let (client, server) = try scenario.connect()
            scenario.run(.seconds(1))
            func sent() -> Int {
                scenario.simulation.network.statistics(from: scenario.server.address, to: scenario.client.address).sent
            }
            let before = sent()
            try client.open(sending: pattern(500_000))
            #expect(scenario.run { server.ended.count == 1 })
            let count = sent() - before
            scenario.expectNothingLeft()
            return count
        }
        let often = try answers(threshold: 2)
        let seldom = try answers(threshold: 10)
        #expect(often > 100)
        #expect(seldom < often / 2)
    }
}

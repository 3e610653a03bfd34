import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Priorities")
struct PriorityTests {
    /// A path that is much slower than the writers, so that the order of sending is what decides.
    private let slow = LinkConditions(delay: .milliseconds(20), bandwidth: 8_000_000, queueLimit: 60_000)

    private func scenario() -> Scenario {
        let scenario = Scenario(conditions: self.slow)
        scenario.clientConfiguration.flowControl.sendBuffer = 4 << 20
        scenario.serverConfiguration {
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 8 << 20
        }
        return scenario
    }

    @Test("a control stream overtakes a bulk transfer that was there before it")
    func controlOvertakesBulk() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        let bulk = try client.open(
            .unidirectional, sending: pattern(2_000_000), priority: StreamPriority(urgency: 5, isIncremental: false))
        scenario.run(.milliseconds(300))
        let before = server.received[bulk]?.count ?? 0
        let start = scenario.now
        let control = try client.open(.unidirectional, sending: pattern(5_000), priority: StreamPriority(urgency: 0))
        #expect(scenario.run { server.ended.contains(control) })
        // One way through the full queue of the link, and a round trip in case of a loss.
        #expect(scenario.now.duration(since: start) < .milliseconds(300))
        #expect((server.received[bulk]?.count ?? 0) - before < 400_000)
        #expect(!server.ended.contains(bulk))
        #expect(scenario.run(.seconds(60)) { server.ended.contains(bulk) })
        #expect(server.received[bulk] == pattern(2_000_000))
        scenario.expectNothingLeft()
    }

    @Test("a stream made urgent in the middle of the transfer ends before those that were ahead of it")
    func raisedInFlight() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        let ordinary = StreamPriority(urgency: 4, isIncremental: false)
        let ids = try (0..<3).map {
            try client.open(.unidirectional, sending: pattern(400_000, seed: UInt64($0)), priority: ordinary)
        }
        scenario.run(.milliseconds(100))
        #expect(server.received[ids[2]] == nil)
        try client.live.setPriority(StreamPriority(urgency: 1), of: ids[2])
        #expect(scenario.run(.seconds(60)) { server.ended.contains(ids[2]) })
        #expect(server.ended == [ids[2]])
        #expect(scenario.run(.seconds(60)) { server.ended.contains(ids[0]) })
        #expect(!server.ended.contains(ids[1]))
        #expect(scenario.run(.seconds(60)) { server.ended.count == 3 })
        scenario.expectNothingLeft()
    }

    @Test("streams that are not incremental arrive one after the other")
    func inOrder() throws {
        let scenario = self.scenario()
        let (client, server) = try scenario.connect()
        let ids = try (0..<4).map { _ in
            try client.open(
                .unidirectional, sending: pattern(200_000), priority: StreamPriority(urgency: 3, isIncremental: false))
        }
        var order: [StreamID] = []
        server.onEvent = { connection, _ in
            for id in ids where connection.ended.contains(id) && !order.contains(id) { order.append(id) }
        }
        #expect(scenario.run(.seconds(60)) { server.ended.count == 4 })
        #expect(order == ids)
        server.onEvent = nil
        scenario.expectNothingLeft()
    }

    @Test("a hundred equal streams stay within two packets of each other, packet after packet")
    func fairness() throws {
        let scenario = Scenario(conditions: LinkConditions(delay: .milliseconds(20), bandwidth: 20_000_000))
        scenario.serverConfiguration {
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 1 << 20
            $0.streams.unidirectional = 100
        }
        let (client, server) = try scenario.connect()
        let ids = try (0..<100).map { _ in try client.open(.unidirectional, sending: pattern(30_000)) }
        var received: [StreamID: Int] = [:]
        var widest = 0
        server.onBytes = { id, bytes in
            received[id, default: 0] += bytes.count
            let counts = ids.map { received[$0] ?? 0 }
            widest = max(widest, (counts.max() ?? 0) - (counts.min() ?? 0))
        }
        #expect(scenario.run(.seconds(60)) { server.ended.count == 100 })
        #expect(try client.live.statistics.packetsLost == 0)
        #expect(widest <= 2 * 1_452)
        server.onBytes = nil
        scenario.expectNothingLeft()
    }

    @Test(
        "a less urgent stream gets its packet after the bound, and the bound is the configured one", arguments: [4, 32])
    func starvationBound(bound: Int) throws {
        let scenario = Scenario(conditions: LinkConditions(delay: .milliseconds(20), bandwidth: 20_000_000))
        scenario.clientConfiguration.streams.starvationBound = bound
        scenario.clientConfiguration.flowControl.sendBuffer = 4 << 20
        scenario.serverConfiguration {
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 8 << 20
        }
        let (client, server) = try scenario.connect()
        let urgent = try client.open(.unidirectional, sending: pattern(800_000), priority: StreamPriority(urgency: 0))
        let idle = try client.open(.unidirectional, sending: pattern(400_000), priority: StreamPriority(urgency: 7))
        #expect(scenario.run(.seconds(60)) { server.ended.contains(urgent) })
        let share = Double(server.received[idle]?.count ?? 0) / 800_000
        #expect(share > 0.8 / Double(bound))
        #expect(share < 1.3 / Double(bound))
        #expect(scenario.run(.seconds(60)) { server.ended.contains(idle) })
        scenario.expectNothingLeft()
    }

    @Test("a stream that waits for its window leaves the path to less urgent ones")
    func blockedStream() throws {
        let scenario = Scenario()
        scenario.serverConfiguration {
            $0.flowControl.streamWindow = 20_000
            $0.flowControl.maximumStreamWindow = 0
        }
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let urgent = try client.open(.unidirectional, sending: pattern(100_000), priority: StreamPriority(urgency: 0))
        scenario.run(.seconds(1))
        let other = try client.open(.unidirectional, sending: pattern(15_000), priority: StreamPriority(urgency: 7))
        scenario.run(.seconds(1))
        #expect(try server.live.bytesReadable(on: urgent) == 20_000)
        #expect(try server.live.bytesReadable(on: other) == 15_000)
        server.readsAutomatically = true
        server.read(urgent)
        server.read(other)
        #expect(scenario.run { server.ended.count == 2 })
        scenario.expectNothingLeft()
    }
}

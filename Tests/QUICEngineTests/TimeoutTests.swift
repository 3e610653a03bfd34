import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Timeouts")
struct TimeoutTests {
    @Test("a silent connection ends at both ends after the idle timeout, without a packet")
    func idle() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.idleTimeout = .seconds(5)
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(1))
        let sent = scenario.simulation.network.statistics.sent
        let start = scenario.now
        #expect(scenario.run { client.closeReason != nil && server.closeReason != nil })
        let silence = scenario.now.duration(since: start)
        #expect(silence > .seconds(3) && silence <= .seconds(5))
        #expect(client.closeReason == ConnectionCloseReason(.idleTimeout, reason: ""))
        #expect(server.closeReason == ConnectionCloseReason(.idleTimeout, reason: ""))
        #expect(client.phase == .closed)
        #expect(client.events.last == .terminated)
        #expect(scenario.simulation.network.statistics.sent == sent)
        scenario.expectNothingLeft()
    }

    @Test("the shorter idle timeout of the two ends counts", arguments: [true, false])
    func shorterIdle(atServer: Bool) throws {
        let scenario = Scenario()
        scenario.clientConfiguration.idleTimeout = .seconds(atServer ? 20 : 3)
        scenario.serverConfiguration { $0.idleTimeout = .seconds(atServer ? 3 : 20) }
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(6))
        #expect(client.closeReason?.closedBy == .idleTimeout)
        #expect(server.closeReason?.closedBy == .idleTimeout)
        scenario.expectNothingLeft()
    }

    @Test("keep-alive prevents the idle timeout", arguments: [true, false])
    func keepAlive(fromTheStart: Bool) throws {
        let scenario = Scenario()
        scenario.clientConfiguration.idleTimeout = .seconds(5)
        if fromTheStart { scenario.clientConfiguration.keepAlive = .seconds(2) }
        let (client, server) = try scenario.connect()
        if !fromTheStart { try client.engine?.setKeepAlive(.seconds(2)) }
        scenario.run(.seconds(60))
        #expect(client.phase == .confirmed)
        #expect(server.phase == .confirmed)
        #expect(throws: EngineError(.invalidConfiguration, "")) { try client.engine?.setKeepAlive(.zero) }
        scenario.expectNothingLeft()
    }

    @Test("traffic in one direction is enough to stay awake")
    func traffic() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.idleTimeout = .seconds(3)
        let (client, server) = try scenario.connect()
        let stream = try client.open(sending: pattern(1), finish: false)
        for _ in 0..<10 {
            scenario.run(.seconds(2))
            client.send(pattern(1), on: stream, finish: false)
        }
        #expect(client.phase == .confirmed)
        #expect(server.phase == .confirmed)
        scenario.expectNothingLeft()
    }

    @Test("a handshake that nobody answers ends after its timeout")
    func nobodyAnswers() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.handshakeTimeout = .seconds(4)
        scenario.simulation.network.unreachable(scenario.server.address)
        let client = try scenario.dial()
        let start = scenario.now
        #expect(scenario.run { client.closeReason != nil })
        #expect(client.closeReason?.closedBy == .handshakeTimeout)
        #expect(scenario.now.duration(since: start) == .seconds(4))
        #expect(client.phase == .closed)
        #expect(scenario.server.accepted.isEmpty)
        scenario.expectNothingLeft()
    }

    @Test("a handshake whose server falls silent midway ends after its timeout, at both ends")
    func silentMidway() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.handshakeTimeout = .seconds(4)
        scenario.serverConfiguration { $0.handshakeTimeout = .seconds(3) }
        let client = try scenario.dial()
        scenario.run(.milliseconds(15))
        scenario.simulation.network.partition(scenario.client.address, scenario.server.address)
        scenario.simulation.network.dropEverythingInFlight()
        let server = try #require(scenario.server.accepted.first)
        let start = scenario.now
        #expect(scenario.run { server.closeReason != nil })
        #expect(server.closeReason?.closedBy == .handshakeTimeout)
        #expect(scenario.now.duration(since: start) <= .seconds(3))
        #expect(scenario.run { client.closeReason != nil })
        #expect(client.closeReason?.closedBy == .handshakeTimeout)
        #expect(scenario.now.duration(since: start) <= .seconds(4))
        scenario.expectNothingLeft()
    }

    @Test("time that goes backwards does no harm: the connection sees the latest time it was given")
    func backwards() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(2))
        let past = EngineInstant(nanoseconds: 5)
        try client.open(sending: pattern(5_000))
        try client.withEngine { engine in
            engine.handleTimeout(now: past)
            engine.receive(
                [0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21], now: past)
            for datagram in engine.takeDatagrams(now: past) {
                scenario.simulation.network.send(datagram.bytes, path: datagram.path, ecn: datagram.ecn)
            }
        }
        #expect(scenario.run { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(5_000))
        let elsewhere = NetworkAddress(ipv4: (10, 0, 9, 9), port: 1)
        let path = NetworkPath(local: elsewhere, remote: scenario.server.address)
        try client.engine?.migrate(to: path, now: past)
        try client.engine?.close(applicationCode: 1, now: past)
        scenario.expectNothingLeft()
    }

    @Test("handling a timeout before it is due does nothing")
    func early() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        scenario.run(.seconds(1))
        try client.open(sending: pattern(100), finish: false)
        try client.withEngine { engine in
            _ = engine.takeDatagrams(now: scenario.now)
            let due = try #require(engine.nextTimeout)
            #expect(due > scenario.now)
            engine.handleTimeout(now: EngineInstant(nanoseconds: due.nanoseconds - 1))
            #expect(engine.nextTimeout == due)
            #expect(engine.takeDatagrams(now: EngineInstant(nanoseconds: due.nanoseconds - 1)).isEmpty)
            // The first thing due may be bookkeeping; the probe follows.
            var probes = 0
            for _ in 0..<5 where probes == 0 {
                let next = try #require(engine.nextTimeout)
                engine.handleTimeout(now: next)
                probes = engine.takeDatagrams(now: next).count
            }
            #expect(probes > 0)
        }
        scenario.expectNothingLeft()
    }

    @Test("a lost packet is sent again when its probe timeout is due, and each wait is longer")
    func probes() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(1))
        var times: [EngineInstant] = []
        scenario.simulation.network.filter = { _, path, _ in
            guard path.local == scenario.client.address else { return .deliver }
            if times.last != scenario.now { times.append(scenario.now) }
            return times.count < 6 ? .drop : .deliver
        }
        try client.open(sending: pattern(100))
        #expect(scenario.run { server.ended.count == 1 })
        let waits = zip(times.dropFirst(), times).map { $0.duration(since: $1) }
        #expect(waits.count >= 4)
        for (wait, next) in zip(waits.prefix(4), waits.dropFirst()) { #expect(next > wait, "\(waits)") }
        scenario.expectNothingLeft()
    }
}

internal import Testing

@testable internal import LibP2P

@Suite struct HolePunchExchangeTests {
    private static let alice = [try? Multiaddress("/ip4/9.0.0.1/udp/4001/quic-v1")].compactMap(\.self)
    private static let bob = [try? Multiaddress("/ip4/9.0.0.2/udp/4002/quic-v1")].compactMap(\.self)

    private static func connect(_ addresses: [Multiaddress]) -> HolePunchMessage {
        HolePunchMessage(.connect, observedAddresses: addresses.map(\.bytes))
    }

    private var random = SplitMix64(seed: 7)

    /// An initiator whose CONNECT was answered after `roundTrip`; the answer came at that time after `start`.
    private static func initiator(
        _ exchange: inout HolePunchExchange, roundTrip: Duration, from start: Duration
    ) {
        #expect(exchange.takeActions().last == .open)
        exchange.opened(now: start)
        #expect(exchange.takeActions() == [.send(self.connect(self.bob))])
        exchange.received(self.connect(self.alice), now: start + roundTrip)
        #expect(exchange.takeActions() == [.send(HolePunchMessage(.sync))])
    }

    @Test("The initiator sprays half a round trip after its SYNC, every 10 to 200 ms, and stops when it is connected")
    mutating func sprays() throws {
        var exchange = HolePunchExchange(.initiator, ownAddresses: Self.bob)
        exchange.start(now: .seconds(100))
        Self.initiator(&exchange, roundTrip: .milliseconds(80), from: .seconds(100))
        var now = Duration.seconds(100) + .milliseconds(120)
        #expect(exchange.nextMoment == now)
        exchange.tick(now: now, random: &self.random)
        #expect(exchange.takeActions().isEmpty)
        var pauses: [Duration] = []
        for _ in 0..<30 {
            let next = try #require(exchange.nextMoment)
            pauses.append(next - now)
            now = next
            exchange.tick(now: now, random: &self.random)
            #expect(exchange.takeActions() == [.spray(Self.alice)])
        }
        #expect(pauses.first == .zero)
        #expect(pauses.dropFirst().allSatisfy { $0 >= .milliseconds(10) && $0 <= .milliseconds(200) })
        #expect(pauses[1] <= .milliseconds(20))
        exchange.connected(at: Self.alice[0])
        #expect(exchange.takeActions() == [.finish(.direct(Self.alice[0], attempts: 1))])
        #expect(exchange.nextMoment == nil)
        exchange.connected(at: Self.alice[0])
        #expect(exchange.takeActions().isEmpty)
    }

    @Test("The responder answers CONNECT with its addresses and dials at once on SYNC")
    func responds() {
        var exchange = HolePunchExchange(.responder, ownAddresses: Self.alice)
        exchange.start(now: .zero)
        exchange.received(Self.connect(Self.bob), now: .seconds(1))
        #expect(exchange.takeActions() == [.send(Self.connect(Self.alice))])
        exchange.received(HolePunchMessage(.sync), now: .seconds(2))
        #expect(exchange.takeActions() == [.dial(Self.bob)])
        #expect(exchange.nextMoment == .seconds(7))
        exchange.connected(at: Self.bob[0])
        #expect(exchange.takeActions() == [.finish(.direct(Self.bob[0], attempts: 1))])
    }

    @Test("A peer with a public address is dialled first, for ten seconds")
    mutating func dialsFirst() {
        var exchange = HolePunchExchange(.initiator, ownAddresses: Self.bob, peerAddresses: Self.alice)
        exchange.start(now: .zero)
        #expect(exchange.takeActions() == [.dial(Self.alice)])
        #expect(exchange.nextMoment == .seconds(10))
        var patient = exchange
        patient.tick(now: .seconds(10), random: &self.random)
        #expect(patient.takeActions() == [.stopDialling, .open])
        exchange.dialFailed(LibP2PError(.unreachable, "nobody"), now: .seconds(1))
        #expect(exchange.takeActions() == [.open])
        exchange.connected(at: Self.alice[0])
        #expect(exchange.takeActions() == [.finish(.direct(Self.alice[0], attempts: 1))])
    }

    @Test("It is tried three times, each with a stream of its own, and the last time the initiator dials")
    mutating func threeAttempts() throws {
        var exchange = HolePunchExchange(.initiator, ownAddresses: Self.bob)
        var now = Duration.zero
        exchange.start(now: now)
        for attempt in 1...3 {
            Self.initiator(&exchange, roundTrip: .milliseconds(10), from: now)
            now += .milliseconds(15)
            exchange.tick(now: now, random: &self.random)
            if attempt == 3 {
                #expect(exchange.takeActions() == [.dial(Self.alice)])
            } else {
                exchange.tick(now: now, random: &self.random)
                #expect(exchange.takeActions() == [.spray(Self.alice)])
            }
            now += .seconds(5)
            exchange.tick(now: now, random: &self.random)
        }
        let end = exchange.takeActions()
        guard case .finish(.failed(let error))? = end.last else {
            Issue.record("\(end)")
            return
        }
        #expect(end.count == 2 && end[0] == .stopDialling && error.code == .unreachable)
    }

    @Test("A responder hears out further attempts on the same stream, and no more than three")
    mutating func sameStream() {
        var exchange = HolePunchExchange(.responder, ownAddresses: Self.alice)
        exchange.start(now: .zero)
        for attempt in 1...3 {
            exchange.received(Self.connect(Self.bob), now: .seconds(attempt * 4))
            let answer = HolePunchExchange.Action.send(Self.connect(Self.alice))
            #expect(exchange.takeActions() == (attempt == 1 ? [answer] : [.stopDialling, answer]))
            exchange.received(HolePunchMessage(.sync), now: .seconds(attempt * 4))
            #expect(exchange.takeActions() == [.dial(Self.bob)])
        }
        exchange.received(Self.connect(Self.bob), now: .seconds(13))
        guard case .finish(.failed(let error))? = exchange.takeActions().last else {
            Issue.record("a fourth attempt goes on")
            return
        }
        #expect(error.code == .protocolViolation)
    }

    @Test("A responder whose stream has ended waits for its dial, and then as long for another stream")
    mutating func streamEnds() {
        var exchange = HolePunchExchange(.responder, ownAddresses: Self.alice)
        exchange.start(now: .zero)
        exchange.received(Self.connect(Self.bob), now: .zero)
        exchange.received(HolePunchMessage(.sync), now: .zero)
        exchange.streamFailed(LibP2PError(.truncated, "ended"), now: .zero)
        _ = exchange.takeActions()
        exchange.dialFailed(LibP2PError(.unreachable, "nobody"), now: .seconds(1))
        exchange.tick(now: .milliseconds(4_999), random: &self.random)
        #expect(exchange.takeActions().isEmpty)
        exchange.tick(now: .seconds(5), random: &self.random)
        #expect(exchange.takeActions() == [.stopDialling])
        exchange.tick(now: .seconds(10), random: &self.random)
        guard case .finish(.failed(let error))? = exchange.takeActions().last else {
            Issue.record("it waits on")
            return
        }
        #expect(error.code == .unreachable && error.description.contains("nobody"))
    }

    private static let unusable = [
        "/ip4/127.0.0.1/udp/4001/quic-v1", "/ip4/10.0.0.1/udp/4001/quic-v1", "/ip4/9.0.0.1/tcp/4001",
        "/ip4/9.0.0.1/udp/0/quic-v1", "/ip4/224.0.0.1/udp/4001/quic-v1", "/dns4/example.org/udp/4001/quic-v1",
        "/ip6/fe80::1/udp/4001/quic-v1",
    ]

    @Test("Nothing is sent to addresses that are not public or not QUIC's", arguments: unusable)
    func uselessAddresses(text: String) throws {
        var exchange = HolePunchExchange(.responder, ownAddresses: Self.alice)
        exchange.start(now: .zero)
        exchange.received(Self.connect([try Multiaddress(text)]), now: .zero)
        guard case .finish(.failed(let error))? = exchange.takeActions().last else {
            Issue.record("\(text) is used")
            return
        }
        #expect(error.code == .noAddress)
    }

    @Test("Of many addresses eight are tried, each once, and bytes that are none are passed over")
    func manyAddresses() throws {
        let many = try (1...50).map { try Multiaddress("/ip4/9.0.1.\($0)/udp/4001/quic-v1") }
        var exchange = HolePunchExchange(.responder, ownAddresses: Self.alice)
        exchange.start(now: .zero)
        let message = HolePunchMessage(
            .connect, observedAddresses: [[1, 2, 3], []] + (many.prefix(1) + many).map(\.bytes))
        exchange.received(message, now: .zero)
        exchange.received(HolePunchMessage(.sync), now: .zero)
        #expect(exchange.takeActions().last == .dial(Array(many.prefix(8))))
    }

    @Test("A host that nobody has told where it is seen does not begin")
    func noOwnAddress() {
        var exchange = HolePunchExchange(.initiator, ownAddresses: [])
        exchange.start(now: .zero)
        guard case .finish(.failed(let error))? = exchange.takeActions().last else {
            Issue.record("it begins")
            return
        }
        #expect(error.code == .noAddress)
    }

    @Test("A message out of turn ends it")
    func outOfTurn() {
        var responder = HolePunchExchange(.responder, ownAddresses: Self.alice)
        responder.start(now: .zero)
        responder.received(HolePunchMessage(.sync), now: .zero)
        var initiator = HolePunchExchange(.initiator, ownAddresses: Self.bob)
        initiator.start(now: .zero)
        initiator.opened(now: .zero)
        initiator.received(HolePunchMessage(.sync), now: .zero)
        for action in [responder.takeActions().last, initiator.takeActions().last] {
            guard case .finish(.failed(let error))? = action else {
                Issue.record("\(String(describing: action))")
                continue
            }
            #expect(error.code == .protocolViolation)
        }
    }

    @Test("A peer that does not speak the protocol is not asked again; one that does not answer is")
    mutating func silence() {
        var exchange = HolePunchExchange(.initiator, ownAddresses: Self.bob)
        exchange.start(now: .zero)
        var other = exchange
        _ = other.takeActions()
        other.streamFailed(LibP2PError(.protocolNotSupported, "no"), now: .zero)
        #expect(other.takeActions() == [.finish(.failed(LibP2PError(.protocolNotSupported, "no")))])
        _ = exchange.takeActions()
        exchange.opened(now: .zero)
        _ = exchange.takeActions()
        exchange.tick(now: .seconds(60), random: &self.random)
        #expect(exchange.takeActions() == [.open])
    }
}

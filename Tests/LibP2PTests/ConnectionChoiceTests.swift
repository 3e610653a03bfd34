import Testing

@testable import LibP2P

@Suite struct ConnectionChoiceTests {
    private static let start = ContinuousClock.now
    private static let (low, high) = (PeerID.sample(1), PeerID.sample(2))

    private static func at(_ seconds: Double) -> ContinuousClock.Instant { self.start + .seconds(seconds) }

    @Test("Ids are compared byte by byte, not as text")
    func order() {
        #expect(ConnectionChoice<Int>.isLower(Self.low, than: Self.high))
        #expect(!ConnectionChoice<Int>.isLower(Self.high, than: Self.low))
        #expect(!ConnectionChoice<Int>.isLower(Self.low, than: Self.low))
        #expect(ConnectionChoice<Int>.isLower(.sample(0x7f), than: .sample(0x80)))
    }

    @Test("Both ends keep what the lower one dialled, whichever was first", arguments: [true, false])
    func simultaneous(lowerFirst: Bool) {
        var lower = ConnectionChoice<String>(host: Self.low, peer: Self.high)
        var higher = ConnectionChoice<String>(host: Self.high, peer: Self.low)
        let opens = [("of lower", true), ("of higher", false)]
        for (name, isOfLower) in lowerFirst ? opens : opens.reversed() {
            lower.opened(name, isOfLower ? .outbound : .inbound, isRelayed: false, now: Self.at(0))
            higher.opened(name, isOfLower ? .inbound : .outbound, isRelayed: false, now: Self.at(0))
        }
        for (var end) in [lower, higher] {
            if end.actions(now: Self.at(0)) == [.probe("of lower")] { end.heard("of lower") }
            #expect(end.best() == "of lower")
            #expect(end.actions(now: Self.at(1.999)) == [])
            #expect(end.nextAction == Self.at(2))
            #expect(end.actions(now: Self.at(2)) == [.close("of higher")])
            // Once is enough.
            #expect(end.actions(now: Self.at(3)) == [])
            end.closed("of higher")
            #expect(end.nextAction == nil)
        }
    }

    @Test("A connection that shows no life never wins over one that works")
    func deadWinner() {
        var choice = ConnectionChoice<String>(host: Self.low, peer: Self.high)
        choice.opened("old", .outbound, isRelayed: false, now: Self.at(0))
        choice.heard("old")
        // The peer has started anew and knows nothing of the old one.
        choice.opened("new", .inbound, isRelayed: false, now: Self.at(100))
        #expect(choice.best() == "new")
        #expect(choice.actions(now: Self.at(100)) == [.probe("old")])
        #expect(choice.actions(now: Self.at(10_000)) == [])
        choice.closed("old")
        #expect(choice.best() == "new")
        #expect(choice.actions(now: Self.at(20_000)) == [])
    }

    @Test("Streams that were begun may end on the worse connection, for 30 seconds")
    func streams() {
        var choice = ConnectionChoice<String>(host: Self.high, peer: Self.low)
        choice.opened("own", .outbound, isRelayed: false, now: Self.at(0))
        choice.streamOpened("own")
        choice.streamOpened("own")
        choice.opened("theirs", .inbound, isRelayed: false, now: Self.at(10))
        #expect(choice.actions(now: Self.at(20)) == [])
        #expect(choice.nextAction == Self.at(40))
        choice.streamEnded("own")
        #expect(choice.actions(now: Self.at(20)) == [])
        var patient = choice
        choice.streamEnded("own")
        choice.streamEnded("own")
        #expect(choice.actions(now: Self.at(20)) == [.close("own")])
        #expect(patient.actions(now: Self.at(39.9)) == [])
        #expect(patient.actions(now: Self.at(40)) == [.close("own")])
    }

    @Test("A direct connection is better than a relayed one, whoever dialled")
    func relayed() {
        var choice = ConnectionChoice<String>(host: Self.low, peer: Self.high)
        choice.opened("relayed", .outbound, isRelayed: true, now: Self.at(0))
        choice.heard("relayed")
        #expect(choice.best() == "relayed")
        #expect(choice.best(overRelayed: false) == nil)
        choice.opened("direct", .inbound, isRelayed: false, now: Self.at(1))
        #expect(choice.best() == "direct")
        #expect(choice.best(overRelayed: false) == "direct")
        #expect(choice.actions(now: Self.at(3)) == [.close("relayed")])
    }

    @Test("Of two that one end dialled only that end closes the older")
    func sameDialler() {
        for direction in ConnectionDirection.allCases {
            var choice = ConnectionChoice<Int>(host: Self.low, peer: Self.high)
            choice.opened(1, direction, isRelayed: false, now: Self.at(0))
            choice.opened(2, direction, isRelayed: false, now: Self.at(1))
            choice.heard(1)
            choice.heard(2)
            #expect(choice.best() == 2)
            #expect(choice.actions(now: Self.at(3)) == (direction == .outbound ? [.close(1)] : []))
        }
    }

    @Test(
        "Two hosts that dial each other in any order end with the same one connection, and never have none meanwhile",
        arguments: 1...300 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var network = TwoHosts(seed: seed)
        network.run()
        let (ofLow, ofHigh) = (network.open(at: 0), network.open(at: 1))
        #expect(ofLow == ofHigh, "seed \(seed)")
        #expect(ofLow.count == 1, "seed \(seed)")
        #expect(!network.wasWithout, "seed \(seed)")
        // Nobody dials again because of a connection that was supplanted.
        #expect(network.dials == 2, "seed \(seed)")
        if network.losses == 0 { #expect(ofLow == [0], "seed \(seed): what the lower dialled") }
    }
}

/// Two hosts with a slow network between them, each with the rule and nothing else in common.
private struct TwoHosts {
    private enum Event {
        case dial(by: Int)
        case opened(Int, at: Int)
        case closed(Int, at: Int)
        case probe(Int, from: Int)
        case answer(Int, to: Int)
        case look(at: Int)
        case restart(Int)
    }

    private let start = ContinuousClock.now
    private var random: SplitMix64
    private var queue: [(time: Duration, order: Int, event: Event)] = []
    private var order = 0
    private var now: Duration = .zero
    private var choices: [ConnectionChoice<Int>]
    private var views: [Set<Int>] = [[], []]
    /// Who dialled each connection.
    private var diallers: [Int] = []
    private(set) var dials = 0
    /// Connections that one end has lost without a word.
    private(set) var losses = 0
    private(set) var wasWithout = false

    init(seed: UInt64) {
        self.random = SplitMix64(seed: seed)
        self.choices = [
            ConnectionChoice(host: .sample(1), peer: .sample(2)), ConnectionChoice(host: .sample(2), peer: .sample(1)),
        ]
        // Connection 0 is the lower one's dial; together, or one long after the other.
        self.diallers = [0, 1]
        let gap = self.random.next() % 3 == 0 ? 60_000 : Int(self.random.next() % 300)
        let later = Int(self.random.next() % 2)
        self.schedule(.dial(by: later), in: .milliseconds(gap))
        self.schedule(.dial(by: 1 - later), in: .zero)
        // Where one comes late: the later dialler had started anew, and has forgotten the first connection.
        if gap == 60_000 { self.schedule(.restart(later), in: .seconds(50)) }
    }

    func open(at host: Int) -> Set<Int> { self.views[host] }

    mutating func run() {
        while let index = self.queue.indices.min(by: {
            (self.queue[$0].time, self.queue[$0].order) < (self.queue[$1].time, self.queue[$1].order)
        }), self.order < 5_000 {
            let next = self.queue.remove(at: index)
            self.now = next.time
            self.handle(next.event)
        }
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .dial(let host):
            self.dials += 1
            let flight = self.latency()
            // The two ends learn of it at different times, in either order with what else is under way.
            self.schedule(.opened(host, at: host), in: flight + self.latency())
            self.schedule(.opened(host, at: 1 - host), in: flight + self.latency() + self.latency())
        case .opened(let connection, let host):
            self.views[host].insert(connection)
            let direction: ConnectionDirection = self.diallers[connection] == host ? .outbound : .inbound
            self.choices[host].opened(connection, direction, isRelayed: false, now: self.start + self.now)
            self.look(host)
        case .closed(let connection, let host):
            let had = !self.views[host].isEmpty
            self.views[host].remove(connection)
            self.choices[host].closed(connection)
            if had, self.views[host].isEmpty { self.wasWithout = true }
            self.look(host)
        case .probe(let connection, let host):
            guard self.views[1 - host].contains(connection) else { break }
            self.schedule(.answer(connection, to: host), in: self.latency())
        case .answer(let connection, let host):
            self.choices[host].heard(connection)
            self.look(host)
        case .look(let host): self.look(host)
        case .restart(let host):
            self.losses += self.views[host].count
            self.views[host] = []
            self.choices[host] = ConnectionChoice(
                host: .sample(host + 1), peer: .sample(2 - host))
            // The other end hears nothing more, and gives up long after.
            for connection in self.views[1 - host] {
                self.schedule(.closed(connection, at: 1 - host), in: .seconds(40))
            }
        }
    }

    private mutating func look(_ host: Int) {
        for action in self.choices[host].actions(now: self.start + self.now) {
            switch action {
            case .probe(let connection): self.schedule(.probe(connection, from: host), in: self.latency())
            case .close(let connection):
                self.schedule(.closed(connection, at: host), in: .zero)
                self.schedule(.closed(connection, at: 1 - host), in: self.latency())
            }
        }
        if let next = self.choices[host].nextAction { self.schedule(.look(at: host), in: next - self.start - self.now) }
    }

    private mutating func latency() -> Duration { .milliseconds(Int(self.random.next() % 400)) }

    private mutating func schedule(_ event: Event, in delay: Duration) {
        self.order += 1
        self.queue.append((self.now + max(delay, .zero), self.order, event))
    }
}

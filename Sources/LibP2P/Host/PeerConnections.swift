/// The connections with one peer, and which of them is used.
struct PeerConnections: Sendable {
    private(set) var byNumber: [UInt64: LibP2PConnection] = [:]
    var choice: ConnectionChoice<UInt64>

    init(host: PeerID, peer: PeerID) { self.choice = ConnectionChoice(host: host, peer: peer) }

    var isEmpty: Bool { self.byNumber.isEmpty }

    /// The connection for new streams; one that is closed and not yet forgotten is of no use.
    var best: LibP2PConnection? {
        if let best = self.choice.best().flatMap({ self.byNumber[$0] }), best.isOpen { return best }
        return self.byNumber.values.filter(\.isOpen).max { one, other in
            (one.isRelayed ? 0 : 1, one.number) < (other.isRelayed ? 0 : 1, other.number)
        }
    }

    /// Whether one of them does not run through a relay.
    var hasDirect: Bool { self.byNumber.values.contains { !$0.isRelayed && $0.isOpen } }

    mutating func add(_ connection: LibP2PConnection, now: ContinuousClock.Instant) {
        self.byNumber[connection.number] = connection
        self.choice.opened(connection.number, connection.direction, isRelayed: connection.isRelayed, now: now)
    }

    mutating func remove(_ connection: LibP2PConnection) {
        self.byNumber[connection.number] = nil
        self.choice.closed(connection.number)
    }
}

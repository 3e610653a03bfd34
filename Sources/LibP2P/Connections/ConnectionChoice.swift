/// Which connection stays where a peer and this host have several, and when the others are closed.
///
/// Two hosts that dial each other at the same moment get two connections. Both ends must keep the same one without a word
/// about it, and never close both. So:
///
/// 1. A direct connection is better than a relayed one; among those, one that the peer with the lower id (compared byte by
///    byte) dialled is better than one that the other dialled. Both ends see these two facts alike: this is the rank.
/// 2. Among connections of one rank the newest is used. Only the end that dialled them may close the older ones: it knows
///    in which order it did, and the other end can't.
/// 3. New streams go to the best connection that has shown life. A worse one is closed with ``ConnectionCode/supplanted`` only after
///    - the best one has shown life since both exist: the peer has said something on it. A connection of which only this
///      end believes that it is open must not win over one that works. Where nothing is heard by itself, a probe asks;
///    - ``settling`` has passed, in which the peer learns of the better one and stops opening streams on this one;
///    - its streams are finished, or ``patience`` has run out.
///
/// Peers that know no such rule keep both, which does no harm; the one end closes for both of them.
struct ConnectionChoice<Handle: Hashable & Sendable>: Sendable {
    /// What to do with a connection.
    enum Action: Hashable, Sendable {
        /// Ask for a sign of life, by a ping; tell ``heard(_:)`` when it comes, and close the connection when it does not.
        case probe(Handle)
        /// Close with the code for supplanted connections.
        case close(Handle)
    }

    private struct Connection {
        let rank: Int
        let isOwnDial: Bool
        let number: UInt64
        let openedAt: ContinuousClock.Instant
        var streams = 0
        var isProbed = false
        /// Whether the peer has said something on it since the latest connection was opened.
        var isAlive: Bool
        var isClosing = false
    }

    /// How long both ends get to learn of the better connection.
    static var settling: Duration { .seconds(2) }
    /// How long streams may go on on the worse one.
    static var patience: Duration { .seconds(30) }

    /// The lowest rank of a direct connection.
    private static var directRank: Int { 2 }

    private let isLower: Bool
    private var connections: [Handle: Connection] = [:]
    private var lastNumber: UInt64 = 0

    /// Chooses between connections of these two.
    init(host: PeerID, peer: PeerID) { self.isLower = Self.isLower(host, than: peer) }

    /// Compares the binary forms byte by byte.
    static func isLower(_ peer: PeerID, than other: PeerID) -> Bool {
        peer.bytes.lexicographicallyPrecedes(other.bytes)
    }

    var isEmpty: Bool { self.connections.isEmpty }

    /// The connection for new streams; nil where there is none, or none that is direct. One that is being closed is only
    /// named where there is no other.
    func best(overRelayed: Bool = true) -> Handle? {
        self.connections.filter { overRelayed || $0.value.rank >= Self.directRank }.max { one, other in
            guard one.value.isClosing == other.value.isClosing, one.value.isAlive != other.value.isAlive else {
                return Self.isWorse(one.value, than: other.value)
            }
            return other.value.isAlive
        }?.key
    }

    // MARK: What happens

    mutating func opened(
        _ handle: Handle, _ direction: ConnectionDirection, isRelayed: Bool, now: ContinuousClock.Instant
    ) {
        self.lastNumber &+= 1
        let isOwnDial = direction == .outbound
        let isDialledByLower = isOwnDial == self.isLower
        self.connections[handle] = Connection(
            rank: (isRelayed ? 0 : Self.directRank) + (isDialledByLower ? 1 : 0), isOwnDial: isOwnDial,
            number: self.lastNumber,
            openedAt: now,
            // Whoever dialled has just shown that it lives. Of a peer that was dialled this is known only once it has
            // accepted our certificate (RFC 8446 §4.4.2.4), hence later.
            isAlive: !isOwnDial)
        // What was heard earlier says nothing about now: the peer may have started anew.
        for other in self.connections.keys where other != handle {
            self.connections[other]?.isAlive = false
            self.connections[other]?.isProbed = false
        }
    }

    mutating func closed(_ handle: Handle) { self.connections[handle] = nil }

    /// The peer has answered something on the connection that was asked since it was opened.
    mutating func heard(_ handle: Handle) { self.connections[handle]?.isAlive = true }

    mutating func streamOpened(_ handle: Handle) { self.connections[handle]?.streams += 1 }

    mutating func streamEnded(_ handle: Handle) {
        guard let streams = self.connections[handle]?.streams, streams > 0 else { return }
        self.connections[handle]?.streams = streams - 1
    }

    // MARK: What to do

    /// What is to be done now; each thing is named once.
    mutating func actions(now: ContinuousClock.Instant) -> [Action] {
        guard let best = self.winner else { return [] }
        let worse = self.connections.filter { self.mayClose($0.value, for: best.connection) && $0.key != best.handle }
        guard !worse.isEmpty else { return [] }
        guard best.connection.isAlive else {
            guard !best.connection.isProbed else { return [] }
            self.connections[best.handle]?.isProbed = true
            return [.probe(best.handle)]
        }
        let due = worse.filter { now >= self.end(of: $0.value) }
        for handle in due.keys { self.connections[handle]?.isClosing = true }
        return due.sorted { $0.value.number < $1.value.number }.map { .close($0.key) }
    }

    /// When to ask ``actions(now:)`` again if nothing happens before.
    var nextAction: ContinuousClock.Instant? {
        guard let best = self.winner, best.connection.isAlive else { return nil }
        return self.connections
            .filter { self.mayClose($0.value, for: best.connection) && $0.key != best.handle }
            .map { self.end(of: $0.value) }.min()
    }

    // MARK: The rule

    /// The one that stays, if it lives.
    private var winner: (handle: Handle, connection: Connection)? {
        self.connections.max { Self.isWorse($0.value, than: $1.value) }.map { ($0.key, $0.value) }
    }

    private static func isWorse(_ one: Connection, than other: Connection) -> Bool {
        if one.isClosing != other.isClosing { return one.isClosing }
        return (one.rank, one.number) < (other.rank, other.number)
    }

    private func mayClose(_ connection: Connection, for best: Connection) -> Bool {
        guard !connection.isClosing else { return false }
        return connection.rank < best.rank || connection.rank == best.rank && connection.isOwnDial
    }

    /// Both exist since the younger one was opened, which is the latest at most.
    private func end(of connection: Connection) -> ContinuousClock.Instant {
        let together = self.connections.values.map(\.openedAt).max() ?? connection.openedAt
        return together + (connection.streams == 0 ? Self.settling : Self.patience)
    }
}

/// Decides which connections to close when there are more than wanted.
///
/// Applications say which peers matter: a tag adds its value to the peer's, and a protection keeps all connections of
/// the peer open. Of the others the ones of least value are closed first, and of equal value the oldest.
struct ConnectionKeeper<Handle: Hashable & Sendable>: Sendable {
    private struct Connection {
        let peer: PeerID
        let since: ContinuousClock.Instant
        /// Instants may be equal; the order of arrival is not.
        let number: UInt64
    }

    private struct Peer {
        var tags: [String: Int] = [:]
        var protections: Set<String> = []
        var isForgotten: Bool { self.tags.isEmpty && self.protections.isEmpty }
    }

    let marks: ConnectionMarks
    private var connections: [Handle: Connection] = [:]
    private var peers: [PeerID: Peer] = [:]
    private var lastNumber: UInt64 = 0
    private var lastRound: ContinuousClock.Instant?

    init(_ marks: ConnectionMarks) { self.marks = marks }

    /// How many connections there are.
    var count: Int { self.connections.count }

    mutating func add(_ handle: Handle, to peer: PeerID, now: ContinuousClock.Instant) {
        self.lastNumber &+= 1
        self.connections[handle] = Connection(peer: peer, since: now, number: self.lastNumber)
    }

    mutating func remove(_ handle: Handle) { self.connections[handle] = nil }

    // MARK: What peers are worth

    /// Gives the peer a value under a name; the one that it had under the name before is replaced.
    mutating func tag(_ peer: PeerID, _ name: String, value: Int) throws(LibP2PError) {
        try self.checkRoom(for: name, of: peer, among: self.peers[peer].map { Array($0.tags.keys) } ?? [])
        self.peers[peer, default: Peer()].tags[name] = value
    }

    mutating func untag(_ peer: PeerID, _ name: String) { self.change(peer) { $0.tags[name] = nil } }

    /// Keeps the connections of the peer open until every protection is taken back.
    mutating func protect(_ peer: PeerID, _ name: String) throws(LibP2PError) {
        try self.checkRoom(for: name, of: peer, among: self.peers[peer].map { Array($0.protections) } ?? [])
        self.peers[peer, default: Peer()].protections.insert(name)
    }

    /// Returns whether the peer is still protected under another name.
    @discardableResult
    mutating func unprotect(_ peer: PeerID, _ name: String) -> Bool {
        self.change(peer) { $0.protections.remove(name) }
        return self.isProtected(peer)
    }

    func isProtected(_ peer: PeerID) -> Bool { self.peers[peer].map { !$0.protections.isEmpty } ?? false }

    /// The sum of the peer's tags; what does not fit becomes the nearest value that does.
    func value(of peer: PeerID) -> Int {
        (self.peers[peer]?.tags.values.sorted() ?? []).reduce(0) { sum, value in
            let (result, overflow) = sum.addingReportingOverflow(value)
            return overflow ? (value > 0 ? .max : .min) : result
        }
    }

    // MARK: Closing

    /// The connections to close now, those of least value first. They count until they are removed.
    mutating func toClose(now: ContinuousClock.Instant) -> [Handle] {
        guard self.connections.count > self.marks.high else { return [] }
        if let lastRound, now - lastRound < self.marks.silence { return [] }
        let excess = self.connections.count - min(max(self.marks.low, 0), self.marks.high)
        let candidates = self.connections
            .filter { now - $0.value.since >= self.marks.grace && !self.isProtected($0.value.peer) }
            .map { (handle: $0.key, value: self.value(of: $0.value.peer), number: $0.value.number) }
            .sorted { ($0.value, $0.number) < ($1.value, $1.number) }
        // A round in which nothing can be closed does not put off the next.
        if !candidates.isEmpty { self.lastRound = now }
        return candidates.prefix(excess).map(\.handle)
    }

    // MARK: Tables

    private func checkRoom(for name: String, of peer: PeerID, among names: [String]) throws(LibP2PError) {
        guard names.count < self.marks.tagsPerPeer || names.contains(name) else {
            throw LibP2PError(
                .limitReached, "\(peer) has \(names.count) names already, says ConnectionMarks.tagsPerPeer",
                limit: "tagsPerPeer")
        }
        guard self.peers[peer] != nil || self.peers.count < self.marks.taggedPeers else {
            throw LibP2PError(
                .limitReached, "\(self.peers.count) peers have values already, says ConnectionMarks.taggedPeers",
                limit: "taggedPeers")
        }
    }

    private mutating func change(_ peer: PeerID, _ body: (inout Peer) -> Void) {
        guard var entry = self.peers[peer] else { return }
        body(&entry)
        self.peers[peer] = entry.isForgotten ? nil : entry
    }
}

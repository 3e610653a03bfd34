/// The peers of a store, with its limits.
struct PeerBook: Sendable {
    private struct Entry {
        var peer: StoredPeer
        var lastUse: UInt64
    }

    let limits: PeerStoreLimits
    private var entries: [PeerID: Entry] = [:]
    private var uses: UInt64 = 0

    init(limits: PeerStoreLimits) { self.limits = limits }

    /// Those that were used last first.
    var peers: [StoredPeer] { self.entries.values.sorted { $0.lastUse > $1.lastUse }.map(\.peer) }

    var ids: [PeerID] { self.peers.map(\.id) }

    mutating func peer(_ id: PeerID, now: Int64) -> StoredPeer? {
        guard let peer = self.entries[id]?.peer.limited(to: self.limits, now: now) else { return nil }
        self.put(peer)
        return peer
    }

    /// Returns whether anything is different now.
    mutating func update(_ id: PeerID, now: Int64, _ change: (inout StoredPeer, Int64) -> Void) -> Bool {
        let known = self.entries[id]?.peer
        var peer = known ?? StoredPeer(id: id)
        change(&peer, now)
        peer = peer.limited(to: self.limits, now: now)
        self.put(peer)
        return peer != known
    }

    /// Returns whether there was anything to forget.
    mutating func forget(_ id: PeerID) -> Bool { self.entries.removeValue(forKey: id) != nil }

    /// Makes this peer the one that was used last.
    mutating func put(_ peer: StoredPeer) {
        guard self.limits.peers > 0 else { return }
        if self.entries[peer.id] == nil, self.entries.count >= self.limits.peers,
            let oldest = self.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            self.entries[oldest.key] = nil
        }
        self.uses &+= 1
        self.entries[peer.id] = Entry(peer: peer, lastUse: self.uses)
    }
}

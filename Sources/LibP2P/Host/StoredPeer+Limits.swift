extension StoredPeer {
    /// The same with nothing that is over, wrong, or too much.
    func limited(to limits: PeerStoreLimits, now: Int64) -> StoredPeer {
        var peer = self
        peer.addresses.removeAll { $0.expiresAt <= now }
        if peer.addresses.count > limits.addressesPerPeer || self.addressByteCount > limits.addressBytesPerPeer {
            peer.keepBestAddresses(limits)
        }
        if let key = peer.key, PeerID(publicKey: key) != self.id { peer.key = nil }
        var room = limits.protocolBytesPerPeer
        peer.protocols = peer.protocols.filter { $0.isValid && Self.take($0.description.utf8.count, from: &room) }
        room = limits.metadataBytesPerPeer
        for (name, bytes) in peer.metadata.sorted(by: { $0.key < $1.key }) {
            if !Self.take(name.utf8.count + bytes.count, from: &room) { peer.metadata[name] = nil }
        }
        return peer
    }

    private var addressByteCount: Int { self.addresses.reduce(0) { $0 + $1.address.bytes.count } }

    private mutating func keepBestAddresses(_ limits: PeerStoreLimits) {
        let best = self.addresses.sorted { ($1.source, $1.expiresAt) < ($0.source, $0.expiresAt) }
        var room = limits.addressBytesPerPeer
        let kept = Set(
            best.prefix(max(limits.addressesPerPeer, 0)).map(\.address).filter {
                Self.take($0.bytes.count, from: &room)
            })
        self.addresses.removeAll { !kept.contains($0.address) }
    }

    private static func take(_ count: Int, from room: inout Int) -> Bool {
        guard count <= room else { return false }
        room -= count
        return true
    }
}

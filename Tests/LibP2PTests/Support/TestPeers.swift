internal import LibP2P

/// Ids that need no key.
enum TestPeers {
    static let one = Self.peer(1)
    static let two = Self.peer(2)

    /// A peer for a number.
    static func peer(_ number: UInt8) -> PeerID {
        guard let id = try? PeerID(Multihash(identityOf: [8, 1, 18, 32] + [UInt8](repeating: number, count: 32))) else {
            fatalError("36 bytes make an id")
        }
        return id
    }
}

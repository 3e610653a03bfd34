/// A peer that has shown to have the key of its ``PeerID``.
public struct AuthenticatedPeer: Hashable, Sendable {
    /// The peer's name.
    public let id: PeerID
    /// The key that the name comes from.
    public let key: PublicKey

    init(_ key: PublicKey) {
        self.id = key.peerID
        self.key = key
    }
}

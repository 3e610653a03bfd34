/// A way to learn of peers and where they are: ``MulticastDNS``, or one of the application's own.
///
///     struct FixedList: PeerDiscovery {
///         let list: [(PeerID, [Multiaddress])]
///
///         func run(found: @escaping @Sendable (PeerID, [Multiaddress]) async -> Void) async throws(LibP2PError) {
///             for (peer, addresses) in self.list { await found(peer, addresses) }
///         }
///     }
///
/// What it tells is a hint: the handshake shows who is there.
public protocol PeerDiscovery: Sendable {
    /// Calls `found` for each peer, and again where its addresses have changed. Returns when the task is cancelled, or
    /// when there is nothing more to find.
    func run(found: @escaping @Sendable (PeerID, [Multiaddress]) async -> Void) async throws(LibP2PError)
}

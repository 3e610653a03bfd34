/// Where a host keeps what it knows of peers: addresses, keys, protocols, and what the application adds.
///
///     let store = FilePeerStore(path: "\(folder)/peers") { print("warning: \($0)") }
///     store.add([address], of: friend, source: .given, lifetime: .seconds(86_400))
///     print(store.addresses(of: friend))
///
/// ``MemoryPeerStore`` and ``FilePeerStore`` are ready; a database of the application's own fits too. Calls must be short,
/// as connections wait for them.
public protocol PeerStore: Sendable {
    /// All peers, those that were used last first.
    var peers: [PeerID] { get }

    /// What is known of a peer, without addresses that are over; nil: nothing.
    func peer(_ id: PeerID) -> StoredPeer?

    /// Changes what is known of a peer, who may be new. `now` is in seconds since 1970. Nobody else changes it meanwhile.
    func update(_ id: PeerID, _ change: (_ peer: inout StoredPeer, _ now: Int64) -> Void)

    /// Forgets all about a peer.
    func forget(_ id: PeerID)

    /// Makes sure that nothing is lost when the process ends now. The host calls it now and then, and when it stops.
    func flush()
}

extension PeerStore {
    /// Does nothing: for stores that write at once, or never.
    public func flush() {}

    /// Takes addresses of a peer in, for so long.
    public func add(_ addresses: [Multiaddress], of id: PeerID, source: AddressSource, lifetime: Duration) {
        self.update(id) { $0.add(addresses, source: source, lifetime: lifetime, now: $1) }
    }

    /// The addresses of a peer that count now, the most certain first.
    public func addresses(of id: PeerID) -> [Multiaddress] {
        self.peer(id)?.addresses(at: .min) ?? []
    }
}

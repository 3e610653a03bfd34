/// What is known of a peer.
///
///     store.update(friend) { peer, now in
///         peer.add([address], source: .given, lifetime: .seconds(3_600), now: now)
///         peer.metadata["nickname"] = Array("Ann".utf8)
///     }
public struct StoredPeer: Hashable, Sendable {
    /// An address and for how long it counts.
    public struct Address: Hashable, Sendable {
        /// Where, without the peer's id.
        public let address: Multiaddress
        /// From where it is known.
        public var source: AddressSource
        /// Seconds since 1970 from which on it counts no more.
        public var expiresAt: Int64

        /// Puts the facts together.
        public init(address: Multiaddress, source: AddressSource, expiresAt: Int64) {
            self.address = address
            self.source = source
            self.expiresAt = expiresAt
        }
    }

    /// Who it is.
    public let id: PeerID
    /// Where it may be, the latest news first.
    public var addresses: [Address] = []
    /// Its public key; one that does not make this id is not kept.
    public var key: PublicKeyMessage?
    /// What it speaks, as it said last.
    public var protocols: [ProtocolID] = []
    /// Whatever the application wants to know of it, by name.
    public var metadata: [String: [UInt8]] = [:]
    /// Seconds since 1970 when it was connected last.
    public var lastSeen: Int64?

    /// A peer of which nothing but the id is known.
    public init(id: PeerID) { self.id = id }

    /// Takes addresses in. One that is known already keeps the better source and the later end; one that names another
    /// peer is left out.
    public mutating func add(_ addresses: [Multiaddress], source: AddressSource, lifetime: Duration, now: Int64) {
        let (end, overflow) = now.addingReportingOverflow(max(lifetime, .zero).components.seconds)
        for address in addresses.reversed() {
            guard address.peerID == nil || address.peerID == self.id else { continue }
            let plain = address.withoutPeer
            // An id alone is no place.
            guard plain.peerID == nil else { continue }
            var entry = Address(address: plain, source: source, expiresAt: overflow ? .max : end)
            if let index = self.addresses.firstIndex(where: { $0.address == plain }) {
                let known = self.addresses.remove(at: index)
                entry.source = max(entry.source, known.source)
                entry.expiresAt = max(entry.expiresAt, known.expiresAt)
            }
            self.addresses.insert(entry, at: 0)
        }
    }

    /// The addresses that count now, the most certain first, and of those the latest.
    public func addresses(at now: Int64) -> [Multiaddress] {
        let live = self.addresses.enumerated().filter { $0.element.expiresAt > now }
        let sorted = live.sorted { ($1.element.source, $0.offset) < ($0.element.source, $1.offset) }
        return sorted.map(\.element.address)
    }
}

/// What a host that relays gives to others (circuit-relay v2 §Limits). The defaults cost little: enough for two peers to
/// find a direct way, not enough to live on.
///
///     var limits = RelayLimits()
///     limits.circuitDuration = .seconds(60)
///
/// Each number is the last one that is allowed.
public struct RelayLimits: Hashable, Sendable {
    /// Peers that a place is kept for at once.
    public var reservations = 128
    /// Of those, peers at one IPv4 address.
    public var reservationsPerIPv4Address = 8
    /// Of those, peers in one IPv6 network of 56 bits.
    public var reservationsPerIPv6Customer = 8
    /// How long a place is kept, unless it is asked for again.
    public var reservationDuration: Duration = .seconds(3_600)
    /// Relayed connections at once that a peer is the one or the other end of.
    public var circuitsPerPeer = 16
    /// Relayed connections at once in all.
    public var circuits = 256
    /// How long a relayed connection lasts; nil: as long as its ends want.
    public var circuitDuration: Duration? = .seconds(120)
    /// How many bytes a relayed connection carries in each direction; nil: as many as its ends want.
    public var circuitData: Int? = 131_072

    /// The defaults.
    public init() {}

    /// What the ends are told of a connection's limits.
    var message: RelayLimit {
        RelayLimit(
            duration: self.circuitDuration.map { UInt32(clamping: $0.components.seconds) },
            data: self.circuitData.map { UInt64(clamping: $0) })
    }
}

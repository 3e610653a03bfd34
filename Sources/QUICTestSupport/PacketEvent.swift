/// What happened to a packet, as the trace and the digest of a network record it.
public enum PacketEvent: UInt8, Sendable {
    /// The packet was sent and is on its way.
    case scheduled
    /// A second copy of the packet is on its way.
    case duplicated
    /// The packet arrived.
    case delivered
    /// The link lost the packet on its own.
    case lost
    /// The link lost the packet in a burst.
    case burstLost
    /// The packet found no room in the queue.
    case queueDropped
    /// The packet was larger than the path's MTU.
    case tooLarge
    /// The two hosts are partitioned.
    case partitioned
    /// Nobody can reach the destination.
    case unreachable
    /// The destination was an address that a NAT has since given up.
    case unbound
    /// The filter dropped the packet.
    case filtered
    /// The packet was in flight when everything in flight was dropped.
    case discarded
}

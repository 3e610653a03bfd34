/// What a test's filter does with a packet before the link's conditions see it.
public enum PacketFate: Sendable, Equatable {
    /// The packet goes on; the link's conditions apply to it.
    case deliver
    /// The packet vanishes.
    case drop
    /// The packet arrives this much later than it would have; later ones overtake it.
    case delay(Duration)
    /// Other bytes go on in the packet's place.
    case replace([UInt8])
    /// The packet goes on, and a copy of it arrives too.
    case duplicate
}

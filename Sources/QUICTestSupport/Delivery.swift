public import QUICEngine

/// A datagram that arrived.
public struct Delivery: Sendable {
    /// The datagram.
    public let bytes: [UInt8]
    /// The path seen from the receiver: its own address, and the sender's as a NAT on the way shows it.
    public let path: NetworkPath
    /// The ECN field as it arrived.
    public let ecn: ECN
    /// When the datagram arrived, which may lie before the instant it was asked for.
    public let arrival: EngineInstant
}

public import QUICEngine

/// One line of a network's trace: what happened to which packet, and when.
public struct TraceLine: Sendable, Equatable, CustomStringConvertible {
    /// When it happened.
    public let time: EngineInstant
    /// How many packets the network had been given before this one.
    public let index: Int
    /// The packet's way as its IP header says: from the sender behind any NAT to the address it was sent to.
    public let path: NetworkPath
    /// The size of the datagram in bytes.
    public let size: Int
    /// What happened.
    public let event: PacketEvent

    /// The line as people read it: `1.020000000 s #7 10.0.0.1:5000 → 10.0.0.2:443 1200 B lost`.
    public var description: String {
        let fraction = String(self.time.nanoseconds % 1_000_000_000)
        let padding = String(repeating: "0", count: 9 - fraction.utf8.count)
        return "\(self.time.nanoseconds / 1_000_000_000).\(padding)\(fraction) s #\(self.index) \(self.path) "
            + "\(self.size) B \(self.event)"
    }
}

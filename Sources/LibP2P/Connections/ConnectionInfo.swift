/// What there is to know of a connection: for gates, events and lists.
public struct ConnectionInfo: Hashable, Sendable, CustomStringConvertible {
    /// Who is at the other end, as the handshake has proved.
    public let peer: PeerID
    /// Who dialled.
    public let direction: ConnectionDirection
    /// The address of this end.
    public let localAddress: Multiaddress
    /// The address of the other end.
    public let remoteAddress: Multiaddress

    /// Puts the facts together.
    public init(
        peer: PeerID, direction: ConnectionDirection, localAddress: Multiaddress, remoteAddress: Multiaddress
    ) {
        self.peer = peer
        self.direction = direction
        self.localAddress = localAddress
        self.remoteAddress = remoteAddress
    }

    /// Whether it runs through another host.
    public var isRelayed: Bool { self.localAddress.isRelayed || self.remoteAddress.isRelayed }

    /// The peer, its address and who dialled.
    public var description: String { "\(self.peer) at \(self.remoteAddress), \(self.direction)" }
}

/// Whether peers that this host does not know can dial it.
public enum Reachability: Hashable, Sendable {
    /// Too few peers have said where they see this host.
    case unknown
    /// They can.
    case `public`
    /// A NAT or firewall keeps them out: they need a relay.
    case `private`

    /// Judges by what identify gives.
    ///
    /// - Parameters:
    ///   - confirmed: where peers see this host, as several of them agree.
    ///   - listening: the addresses that its sockets are bound to.
    ///   - hasStrangers: whether a peer with a global address has come in that this host had not dialled before.
    init(confirmed: [Multiaddress], listening: [Multiaddress], hasStrangers: Bool) {
        // Whoever lets strangers in is public, be it by a forwarded port.
        if hasStrangers {
            self = .public
        } else if confirmed.isEmpty {
            self = .unknown
        } else {
            let own = Set(listening.map(\.withoutPeer))
            self = confirmed.contains { $0.reach == .global && own.contains($0.withoutPeer) } ? .public : .private
        }
    }
}

internal import QUIC
internal import QUICIO

/// One address of an interface of this host that is switched on.
struct InterfaceAddress: Hashable, Sendable {
    /// What the host calls the interface.
    var name: String
    /// The number of the interface.
    var index: UInt32
    /// The address, with port 0. A link-local IPv6 address says on which interface.
    var address: NetworkAddress
    /// Whether it reaches nothing but this host.
    var isLoopback = false
    /// Whether groups of hosts can be reached through it.
    var isMulticast = true

    /// What this host has now; nothing where the system does not say.
    static func all() -> [InterfaceAddress] {
        ((try? NetworkInterface.all()) ?? []).filter(\.isUp).map {
            InterfaceAddress(
                name: $0.name, index: $0.index, address: NetworkAddress($0.address), isLoopback: $0.isLoopback,
                isMulticast: $0.isMulticast)
        }
    }
}

extension Multiaddress {
    /// The addresses at which a listener is reached: where it listens at all addresses of a family (`0.0.0.0`, `::`),
    /// one for each that the host has; otherwise the address itself.
    ///
    ///     try Multiaddress("/ip4/0.0.0.0/udp/4001/quic-v1").expanded(over: InterfaceAddress.all())
    ///     // /ip4/127.0.0.1/udp/4001/quic-v1, /ip4/192.168.1.7/udp/4001/quic-v1
    ///
    /// - Parameter port: The port of the bound socket, where the address has port 0.
    func expanded(over interfaces: [InterfaceAddress], port: UInt16? = nil) -> [Multiaddress] {
        let bound = port.map { self.withPort($0) } ?? self
        guard let host = bound.components.first, host.kind == .ip4 || host.kind == .ip6,
            host.bytes.allSatisfy({ $0 == 0 })
        else { return [bound] }
        var expanded: [Multiaddress] = []
        for interface in interfaces {
            // The host's part: `/ip4/…` or `/ip6/…`, the latter behind its zone. Mapped addresses become `/ip4` here, which
            // a wildcard of IPv6 does not stand for.
            let parts = Array(Multiaddress(interface.address).components.dropLast(2))
            guard parts.last?.kind == host.kind else { continue }
            // Nobody can tell which interface a link-local address without a zone is on.
            guard host.kind == .ip4 || parts.count == 2 || AddressReach(of: interface.address) != .linkLocal else {
                continue
            }
            let address = Multiaddress(unchecked: parts + bound.components.dropFirst())
            if !expanded.contains(address) { expanded.append(address) }
        }
        return expanded
    }

    /// The address with another UDP port, where it has one.
    private func withPort(_ port: UInt16) -> Multiaddress {
        guard let index = self.components.firstIndex(where: { $0.kind == .udp }) else { return self }
        var components = self.components
        components[index] = Component(
            .udp, unchecked: [UInt8(truncatingIfNeeded: port >> 8), UInt8(truncatingIfNeeded: port)])
        return Multiaddress(unchecked: components)
    }
}

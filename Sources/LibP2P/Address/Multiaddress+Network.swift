public import QUIC
internal import QUICIO

extension Multiaddress {
    /// The address that QUIC packets go to or come from: `/ip4/192.0.2.7/udp/4001/quic-v1`.
    ///
    /// An IPv4 address in its mapped IPv6 form becomes `/ip4`. A link-local address says on which interface:
    /// `/ip6zone/eth0/ip6/fe80::1/…`.
    public init(_ address: NetworkAddress) {
        var components: [Component] = []
        let bytes = address.bytes
        if let mapped = IPv6Text.mappedIPv4(in: bytes) {
            components.append(Component(.ip4, unchecked: mapped))
        } else if address.family == .ipv4 {
            components.append(Component(.ip4, unchecked: bytes))
        } else {
            if address.scopeID != 0 {
                let zone = NetworkInterface.name(ofScope: address.scopeID)
                components.append(Component(.ip6zone, unchecked: Array(zone.utf8)))
            }
            components.append(Component(.ip6, unchecked: bytes))
        }
        let port = [UInt8(truncatingIfNeeded: address.port >> 8), UInt8(truncatingIfNeeded: address.port)]
        components += [Component(.udp, unchecked: port), Component(.quicV1, unchecked: [])]
        self.init(unchecked: components)
    }

    /// Where to send packets to reach this address. Throws where that is not possible, and says why: the address is a
    /// name, one of another transport, one behind a relay, or one that nobody can be reached at.
    ///
    ///     try Multiaddress("/ip4/192.0.2.7/tcp/4001").networkAddress()
    ///     // noAddress: /ip4/192.0.2.7/tcp/4001 uses tcp, and this host speaks only QUIC: /udp/PORT/quic-v1
    public func networkAddress() throws(LibP2PError) -> NetworkAddress {
        let address = try self.listenAddress()
        guard address.port != 0 else { throw self.refusal("has port 0, which only a listener can have") }
        guard address.high != 0 || address.low != 0 else {
            throw self.refusal("is the unspecified address: every host listens there. Dial one of its own addresses")
        }
        guard address.scopeID != 0 || AddressReach(of: address) != .linkLocal || address.family == .ipv4 else {
            throw self.refusal("is link-local and does not say on which interface, as /ip6zone/eth0/ip6/fe80::1 does")
        }
        guard !AddressReach.isMulticast(address) else { throw self.refusal("is a group of hosts, not one") }
        return address
    }

    /// Where to listen for this address: as ``networkAddress()``, but port 0 (the system chooses one) and the
    /// unspecified addresses `0.0.0.0` and `::` (all that the host has) are fine.
    public func listenAddress() throws(LibP2PError) -> NetworkAddress {
        if self.isRelayed { throw self.refusal("leads through a relay, so it is not one to send packets to") }
        var rest = self.components[...]
        if rest.last?.kind == .p2p { rest.removeLast() }
        let zone = rest.first?.kind == .ip6zone ? rest.removeFirst().value : nil
        guard let host = rest.popFirst() else { throw self.refusal("has no IP address") }
        switch host.kind {
        case .dns, .dns4, .dns6, .dnsaddr: throw self.refusal("is a name. Resolve it first, with AddressResolver")
        case .ip4 where zone == nil, .ip6: break
        default: throw self.refusal("does not begin with /ip4 or /ip6")
        }
        try self.checkTransport(&rest)
        guard let port = rest.first, rest.count == 2 else { throw self.refusal("is incomplete: \(Self.speaks)") }
        return try self.address(host, zone: zone, port: port.bytes.reduce(0) { $0 << 8 | UInt16($1) })
    }

    private static let speaks = "this host speaks only QUIC: /udp/PORT/quic-v1"

    private func refusal(_ why: String) -> LibP2PError { LibP2PError(.noAddress, "\(self) \(why)") }

    /// Checks that `/udp/PORT/quic-v1` is all that follows the IP address.
    private func checkTransport(_ rest: inout ArraySlice<Component>) throws(LibP2PError) {
        if rest.contains(where: { $0.kind == .quicDraft29 }) {
            throw self.refusal("uses a draft of QUIC that nobody speaks any more; use quic-v1 instead of quic")
        }
        let wanted: [MultiaddressProtocol] = [.udp, .quicV1]
        for (component, kind) in zip(rest, wanted) where component.kind != kind {
            throw self.refusal("uses \(component.kind), and \(Self.speaks)")
        }
        // What runs over QUIC names its own protocol: WebTransport, HTTP.
        if let further = rest.dropFirst(wanted.count).first {
            throw self.refusal("uses \(further.kind), and \(Self.speaks)")
        }
    }

    private func address(_ host: Component, zone: String?, port: UInt16) throws(LibP2PError) -> NetworkAddress {
        func word(_ range: Range<Int>) -> UInt64 { host.bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        let four = host.kind == .ip4 ? host.bytes : IPv6Text.mappedIPv4(in: host.bytes)
        if let four {
            let word = four.reduce(0) { $0 << 8 | UInt64($1) }
            return NetworkAddress(family: .ipv4, high: word << 32, low: 0, port: port, scopeID: 0)
        }
        guard host.bytes.count == 16 else { throw self.refusal("has no IP address") }
        guard let zone else { return NetworkAddress(ipv6: word(0..<8), word(8..<16), port: port) }
        guard let scope = NetworkInterface.scope(named: zone) else {
            throw self.refusal("names an interface that this host does not have")
        }
        return NetworkAddress(ipv6: word(0..<8), word(8..<16), port: port, scopeID: scope)
    }
}

// An address may say which peer is behind it, `/…/p2p/PEER`, and that it is reached through another one:
// `/…/p2p/RELAY/p2p-circuit/p2p/TARGET` (libp2p specs, `addressing/README.md`).

extension Multiaddress {
    /// The peer at the end of the address; nil where it does not end in `/p2p/…`.
    ///
    ///     try Multiaddress("/dns4/example.com/udp/4001/quic-v1").peerID  // nil: whoever is there
    public var peerID: PeerID? { self.components.last.flatMap(Self.peer) }

    /// The address with a peer at its end, in place of one that is there.
    public func appending(_ peer: PeerID) -> Multiaddress {
        var components = self.components
        if components.last?.kind == .p2p { components.removeLast() }
        return Multiaddress(unchecked: components + [Component(.p2p, unchecked: peer.bytes)])
    }

    /// The address without the peer at its end; an address that is nothing but a peer stays as it is.
    public var withoutPeer: Multiaddress {
        guard self.components.last?.kind == .p2p, self.components.count > 1 else { return self }
        return Multiaddress(unchecked: self.components.dropLast())
    }

    /// Whether the address leads through a relay.
    public var isRelayed: Bool { self.contains(.p2pCircuit) }

    /// The address of the relay, and the peer behind it where the address says; nil where none or no particular relay
    /// is meant.
    ///
    ///     let address = try Multiaddress("/ip4/192.0.2.7/udp/4001/quic-v1/p2p/\(relay)/p2p-circuit/p2p/\(target)")
    ///     address.relay?.address  // /ip4/192.0.2.7/udp/4001/quic-v1/p2p/…
    ///     address.relay?.target == target  // true
    public var relay: (address: Multiaddress, target: PeerID?)? {
        // The last one: relays behind relays are the business of the one before.
        guard let index = self.components.lastIndex(where: { $0.kind == .p2pCircuit }), index > 0 else { return nil }
        let target = self.components[(index + 1)...].first.flatMap(Self.peer)
        return (Multiaddress(unchecked: Array(self.components[..<index])), target)
    }

    /// The address of a peer that is reached through a relay, whose address should say who the relay is.
    public static func relayed(through relay: Multiaddress, to peer: PeerID?) -> Multiaddress {
        let target = peer.map { [Component(.p2p, unchecked: $0.bytes)] } ?? []
        return Multiaddress(unchecked: relay.components + [Component(.p2pCircuit, unchecked: [])] + target)
    }

    private static func peer(_ component: Component) -> PeerID? {
        component.kind == .p2p ? try? PeerID(component.bytes) : nil
    }
}

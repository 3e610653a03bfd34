internal import QUICEngine

/// What part a host takes in relaying (circuit-relay v2): how peers that can't reach each other meet.
public enum RelayUse: Sendable {
    /// None: addresses that lead through a relay are not dialled.
    case off
    /// It dials through relays, and keeps a place at each of these, so that others reach it through them. Each address must
    /// say who the relay is: `/ip4/…/udp/…/quic-v1/p2p/…`.
    case client(at: [Multiaddress] = [])
    /// It relays for others, within limits. For hosts that everybody can reach.
    case server(RelayLimits = RelayLimits())
}

/// What a host has for relaying and for punching holes.
struct HostRelays: Sendable {
    let client: RelayClient?
    let server: RelayServer?
    let puncher: HolePuncher?
    /// Where places are kept.
    let relays: [Multiaddress]

    init(_ configuration: LibP2PConfiguration, identity: TLSIdentity) throws(LibP2PError) {
        var relays: [Multiaddress] = []
        switch configuration.relay {
        case .off: (self.client, self.server) = (nil, nil)
        case .client(let addresses):
            for address in addresses where address.peerID == nil || address.isRelayed {
                throw LibP2PError(
                    .invalidConfiguration,
                    "\(address) is no address of a relay: it must end in /p2p/ and the relay's id")
            }
            relays = addresses
            (self.client, self.server) = (RelayClient(identity: identity), nil)
        case .server(let limits): (self.client, self.server) = (nil, RelayServer(limits))
        }
        self.relays = relays
        self.puncher = configuration.holePunching ? HolePuncher() : nil
    }
}

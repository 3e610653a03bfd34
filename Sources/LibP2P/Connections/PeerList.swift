internal import QUIC
internal import Synchronization

/// A gate with lists of peers and networks, which may be changed while the host runs.
///
///     let list = PeerList()
///     list.deny(try Subnet("198.51.100.0/24"))
///     list.allow(friend)  // from now on, nobody else
///
/// What is denied is kept out, even where it is allowed too. As soon as one peer is allowed only allowed peers get in, and
/// as soon as one network is allowed only addresses of allowed networks do. A change counts for what comes after it;
/// connections that exist stay. Whoever comes through a relay has no address of its own: networks do not apply to it.
public final class PeerList: ConnectionGate {
    private struct Lists: Sendable {
        var allowedPeers: Set<PeerID> = []
        var deniedPeers: Set<PeerID> = []
        var allowedSubnets: Set<Subnet> = []
        var deniedSubnets: Set<Subnet> = []
    }

    private let lists = Mutex(Lists())

    /// Lists without entries: everybody gets in.
    public init() {}

    /// Lets the peer in, and from now on nobody who is not allowed.
    public func allow(_ peer: PeerID) { self.lists.withLock { _ = $0.allowedPeers.insert(peer) } }
    /// Keeps the peer out.
    public func deny(_ peer: PeerID) { self.lists.withLock { _ = $0.deniedPeers.insert(peer) } }
    /// Takes the peer from both lists.
    public func forget(_ peer: PeerID) {
        self.lists.withLock {
            $0.allowedPeers.remove(peer)
            $0.deniedPeers.remove(peer)
        }
    }

    /// Lets the network in, and from now on no address that is not in an allowed one.
    public func allow(_ subnet: Subnet) { self.lists.withLock { _ = $0.allowedSubnets.insert(subnet) } }
    /// Keeps the network out.
    public func deny(_ subnet: Subnet) { self.lists.withLock { _ = $0.deniedSubnets.insert(subnet) } }
    /// Takes the network from both lists.
    public func forget(_ subnet: Subnet) {
        self.lists.withLock {
            $0.allowedSubnets.remove(subnet)
            $0.deniedSubnets.remove(subnet)
        }
    }

    /// Denied peers are not dialled.
    public func mayDial(_ peer: PeerID) -> GateVerdict { self.verdict(on: peer) }
    /// Addresses in denied networks are not dialled.
    public func mayDial(_ peer: PeerID, at address: Multiaddress) -> GateVerdict { self.verdict(on: address) }
    /// Denied networks are kept out before the handshake.
    public func mayAccept(from remote: Multiaddress, to local: Multiaddress) -> GateVerdict {
        self.verdict(on: remote)
    }
    /// Denied peers are kept out once they have shown who they are.
    public func mayProceed(with connection: ConnectionInfo) -> GateVerdict { self.verdict(on: connection.peer) }

    private func verdict(on peer: PeerID) -> GateVerdict {
        self.lists.withLock { lists in
            if lists.deniedPeers.contains(peer) { return .deny(reason: "\(peer) is on the list of denied peers") }
            guard lists.allowedPeers.isEmpty || lists.allowedPeers.contains(peer) else {
                return .deny(reason: "\(peer) is not on the list of allowed peers")
            }
            return .allow
        }
    }

    private func verdict(on address: Multiaddress) -> GateVerdict {
        guard !address.isRelayed else { return .allow }
        return self.lists.withLock { lists in
            guard !lists.allowedSubnets.isEmpty || !lists.deniedSubnets.isEmpty else { return .allow }
            // What can't be compared with the lists is not waved through.
            guard let network = try? address.networkAddress() else {
                return .deny(reason: "\(address) has no IP address to look up in the lists of networks")
            }
            if let denied = lists.deniedSubnets.first(where: { $0.contains(network) }) {
                return .deny(reason: "\(address) is in \(denied), which is on the list of denied networks")
            }
            guard lists.allowedSubnets.isEmpty || lists.allowedSubnets.contains(where: { $0.contains(network) }) else {
                return .deny(reason: "\(address) is in none of the allowed networks")
            }
            return .allow
        }
    }
}

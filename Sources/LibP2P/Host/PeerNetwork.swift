internal import QUIC
internal import Synchronization

/// What the protocols of this library ask of their host.
protocol PeerNetwork: AnyObject, Sendable {
    var key: PrivateKey { get }
    var peerID: PeerID { get }
    /// What the host is bound to, wildcards expanded.
    var listenAddresses: [Multiaddress] { get }
    /// Where peers have said that they see the host, the likeliest first.
    var observedAddresses: [Multiaddress] { get }
    /// What the host serves now.
    var protocols: [ProtocolID] { get }
    func connections(to peer: PeerID) -> [LibP2PConnection]
    func openStream(
        to peer: PeerID, _ protocols: [ProtocolID], overRelayed: Bool
    ) async throws(LibP2PError) -> LibP2PStream
    /// Makes a direct connection, even beside one that there is.
    func dialDirectly(_ peer: PeerID, at addresses: [Multiaddress]) async throws(LibP2PError) -> LibP2PConnection
    /// Takes in a connection that does not run on QUIC, and serves it.
    func adopt(
        _ base: any MuxedConnection, _ peer: AuthenticatedPeer, _ direction: ConnectionDirection,
        local: Multiaddress, remote: Multiaddress
    ) throws(LibP2PError) -> LibP2PConnection
    /// Sends a datagram that is not QUIC from the socket that would dial the address.
    func sendRaw(_ bytes: [UInt8], to address: NetworkAddress)
}

extension LibP2PHost: PeerNetwork {
    func openStream(
        to peer: PeerID, _ protocols: [ProtocolID], overRelayed: Bool
    ) async throws(LibP2PError) -> LibP2PStream {
        let connection = try await self.connect(to: peer)
        guard overRelayed || !connection.isRelayed else {
            throw LibP2PError(.unreachable, "\(peer) is reached through a relay only, and this is not for relays")
        }
        return try await connection.openStream(protocols, isLazy: protocols.count == 1)
    }

    func adopt(
        _ base: any MuxedConnection, _ peer: AuthenticatedPeer, _ direction: ConnectionDirection,
        local: Multiaddress, remote: Multiaddress
    ) throws(LibP2PError) -> LibP2PConnection {
        let ticket = try self.change { state throws(LibP2PError) in
            try state.ledger.reserveConnection(direction, with: nil, expecting: peer.id, now: .now)
        }
        do throws(LibP2PError) {
            let connection = try self.establish(base, peer, direction, ticket, local: local, remote: remote)
            self.jobs.add { await self.serve(connection) }
            return connection
        } catch {
            self.release(ticket)
            throw error
        }
    }

    func sendRaw(_ bytes: [UInt8], to address: NetworkAddress) {
        self.state.withLock { $0.sockets.best(for: address) }?.endpoint.sendRaw(bytes, to: address)
    }
}

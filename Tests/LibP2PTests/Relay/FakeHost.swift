internal import QUICEngine
internal import Synchronization

@testable internal import LibP2P

/// A host whose connections are a table: streams to another one are pipes, and the other one's handlers serve them.
final class FakeHost: RelayNetwork {
    typealias Handler = @Sendable (LibP2PStream, ConnectionInfo) async throws -> Void

    private struct State {
        var neighbours: [PeerID: FakeHost] = [:]
        var handlers: [ProtocolID: Handler] = [:]
        /// Relayed connections that were adopted.
        var relayed: [RelayedConnection] = []
        var opened: [ProtocolID] = []
    }

    let key: PrivateKey
    let identity: TLSIdentity
    let address: Multiaddress
    private let state = Signal(State())

    init(at address: String) throws {
        self.key = try .generate()
        self.identity = try HostCertificate.make(for: self.key)
        self.address = try Multiaddress(address)
    }

    var peerID: PeerID { self.key.peerID }
    var listenAddresses: [Multiaddress] { [self.address] }
    /// What was asked of others.
    var opened: [ProtocolID] { self.state.withLock { $0.opened } }

    func handle(_ name: ProtocolID, _ handler: @escaping Handler) { self.state.update { $0.handlers[name] = handler } }

    static func join(_ one: FakeHost, _ other: FakeHost) {
        one.state.update { $0.neighbours[other.peerID] = other }
        other.state.update { $0.neighbours[one.peerID] = one }
    }

    func adopt(_ connection: RelayedConnection) { self.state.update { $0.relayed.append(connection) } }

    /// The first relayed connection that was adopted.
    func relayed() async throws -> RelayedConnection { try await self.state.wait { $0.relayed.first } }

    func openStream(
        to peer: PeerID, _ protocols: [ProtocolID], overRelayed: Bool
    ) async throws(LibP2PError) -> LibP2PStream {
        guard let other = self.state.withLock({ $0.neighbours[peer] }), let name = protocols.first,
            let handler = other.state.withLock({ $0.handlers[name] })
        else { throw LibP2PError(.unreachable, "no such neighbour, or not for that") }
        self.state.update { $0.opened.append(name) }
        return other.serve(name, from: self, handler)
    }

    /// The other end of a stream that `handler` serves.
    func serve(_ name: ProtocolID, from other: FakeHost, isRelayed: Bool = false, _ handler: @escaping Handler)
        -> LibP2PStream
    {
        let (near, far) = MemoryPipe.pair()
        let stream = LibP2PStream(NegotiatedStream(protocolID: name, base: far), peer: other.peerID)
        let remote: Multiaddress = isRelayed ? .relayed(through: other.address, to: other.peerID) : other.address
        let info = ConnectionInfo(
            peer: other.peerID, direction: .inbound, localAddress: self.address, remoteAddress: remote)
        Task {
            // As the host does it.
            do {
                try await handler(stream, info)
                await stream.close()
            } catch {
                stream.reset()
            }
        }
        return LibP2PStream(NegotiatedStream(protocolID: name, base: near), peer: self.peerID)
    }

    /// Serves as a relay.
    func relay(_ server: RelayServer) {
        self.handle(RelayProtocol.hop) { [unowned self] in try await server.serve($0, over: $1, on: self) }
    }

    /// Takes relayed connections.
    func accept(_ client: RelayClient) {
        self.handle(RelayProtocol.stop) { [unowned self] stream, info in
            try await client.serve(stream, over: info) { self.adopt($0) }
        }
    }
}

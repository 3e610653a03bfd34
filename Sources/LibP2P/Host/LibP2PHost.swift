internal import QUIC
internal import Synchronization

/// A node of a peer-to-peer network: it listens, dials, serves protocols and keeps connections.
///
///     var configuration = LibP2PConfiguration()
///     configuration.listenAddresses = [try Multiaddress("/ip4/0.0.0.0/udp/4001/quic-v1")]
///     let host = try LibP2PHost(key: .generate(), configuration)
///     try host.handle("/echo/1.0.0") { stream in
///         while let bytes = try await stream.read() { try await stream.write(bytes) }
///     }
///     try await host.run { host in
///         for address in host.addresses { print(address) }
///         try await Task.sleep(for: .seconds(3600))
///     }
///
/// It lives inside ``run(_:)``: everything that it does is over when that returns. One UDP socket per address carries what
/// it listens to and what it dials, so that peers see the port that others can reach.
public final class LibP2PHost: Sendable {
    /// The host's key.
    public let key: PrivateKey
    /// The host's name, which comes from the key.
    public let peerID: PeerID
    /// How the host behaves.
    public let configuration: LibP2PConfiguration

    let identity: TLSIdentity
    let state: Mutex<HostState>
    let jobs = JobBox()
    let relays: HostRelays
    let fan = EventFan<LibP2PEvent>()

    /// Makes a host with a key, which is its name for everybody else: keep it, ``KeyFile`` helps.
    ///
    ///     let host = try LibP2PHost(key: key) { $0.agentVersion = "example/1.0" }
    ///
    /// A closure in which something may throw says so: `{ configuration throws(LibP2PError) in … }`.
    public convenience init(
        key: PrivateKey, configure: (inout LibP2PConfiguration) throws -> Void
    ) throws {
        var configuration = LibP2PConfiguration()
        try configure(&configuration)
        try self.init(key: key, configuration)
    }

    /// Makes a host from its parts.
    public init(
        key: PrivateKey, _ configuration: LibP2PConfiguration = LibP2PConfiguration()
    ) throws(LibP2PError) {
        self.key = key
        self.peerID = key.peerID
        self.configuration = configuration
        self.identity = try HostCertificate.make(for: key)
        self.relays = try HostRelays(configuration, identity: self.identity)
        self.state = Mutex(HostState(configuration))
        for address in configuration.listenAddresses { _ = try address.listenAddress() }
    }

    // MARK: What it serves

    /// Serves a protocol: `handler` runs in a task of its own for every stream of it that peers open. When it returns, the
    /// stream is finished; when it throws, the stream is reset. Takes the place of what served the protocol before.
    public func handle(
        _ protocolID: ProtocolID, with handler: @escaping @Sendable (LibP2PStream) async throws -> Void
    ) throws(LibP2PError) {
        try self.change { state throws(LibP2PError) in try state.handlers.set(protocolID, handler) }
        self.pushIdentity()
    }

    /// Serves all protocols that `matches` is true of; `protocolID` is the name to tell peers, and to remove it by.
    public func handle(
        _ protocolID: ProtocolID, matching matches: @escaping @Sendable (ProtocolID) -> Bool,
        with handler: @escaping @Sendable (LibP2PStream) async throws -> Void
    ) throws(LibP2PError) {
        try self.change { state throws(LibP2PError) in
            try state.handlers.set(protocolID, matching: matches, handler)
        }
        self.pushIdentity()
    }

    /// Serves a protocol no more. Streams that are open go on.
    public func removeHandler(for protocolID: ProtocolID) {
        self.state.withLock { _ = $0.handlers.remove(protocolID) }
        self.pushIdentity()
    }

    /// The protocols that are served.
    public var protocols: [ProtocolID] { self.state.withLock { $0.handlers.names } }

    // MARK: What there is

    /// The peers that are connected.
    public var peers: [PeerID] { self.state.withLock { Array($0.peers.keys) } }

    /// All connections.
    public var connections: [LibP2PConnection] { self.state.withLock { $0.connections } }

    /// The connections with one peer.
    public func connections(to peer: PeerID) -> [LibP2PConnection] {
        self.state.withLock { $0.peers[peer].map { Array($0.byNumber.values) } ?? [] }
    }

    /// What is in use of what ``ResourceLimits`` allows.
    public var usage: ResourceUsage { self.state.withLock { $0.ledger.usage } }

    /// What happens from now on.
    public func events() -> EventSubscription<LibP2PEvent> { self.fan.subscribe() }

    // MARK: Which connections it keeps

    /// Gives a peer a value under a name: where there are too many connections, those of peers of least value are closed.
    public func tag(_ peer: PeerID, _ name: String, value: Int) throws(LibP2PError) {
        try self.change { state throws(LibP2PError) in try state.keeper.tag(peer, name, value: value) }
    }

    /// Takes a value back.
    public func untag(_ peer: PeerID, _ name: String) { self.state.withLock { $0.keeper.untag(peer, name) } }

    /// Keeps the connections of a peer, however many there are, until ``unprotect(_:_:)``.
    public func protect(_ peer: PeerID, _ name: String) throws(LibP2PError) {
        try self.change { state throws(LibP2PError) in try state.keeper.protect(peer, name) }
    }

    /// Takes a protection back.
    public func unprotect(_ peer: PeerID, _ name: String) {
        self.state.withLock { _ = $0.keeper.unprotect(peer, name) }
    }

    /// Dials a peer whenever it is not connected, with growing pauses, until ``letGo(_:)``.
    public func keepConnected(_ peer: PeerID) throws(LibP2PError) {
        try self.change { state throws(LibP2PError) in
            try state.reconnector.keepConnected(peer, isConnected: state.peers[peer] != nil, now: .now)
        }
    }

    /// Dials a peer no more on its own account. Connections go on.
    public func letGo(_ peer: PeerID) { self.state.withLock { $0.reconnector.letGo(peer) } }

    /// Closes all connections with a peer.
    public func disconnect(_ peer: PeerID, _ code: ConnectionCode = .none) {
        for connection in self.connections(to: peer) { connection.close(code) }
    }

    /// Changes the state, or throws and leaves it.
    func change<R: Sendable>(
        _ body: (inout HostState) throws(LibP2PError) -> R
    ) throws(LibP2PError) -> R {
        try self.state.withLock { state -> Result<R, LibP2PError> in
            do throws(LibP2PError) { return .success(try body(&state)) } catch { return .failure(error) }
        }.get()
    }
}

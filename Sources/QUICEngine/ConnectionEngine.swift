/// One QUIC connection as a pure state machine: datagrams and times go in, datagrams and events come out.
///
/// It has no socket, no clock and no task. Everything that happens is caused by a call, and told by events. It must
/// be used by one task or thread at a time.
///
///     let engine = try ConnectionEngine(attempt, resources: resources, random: SystemRandomness(), now: now)
///     let count = engine.transmit(into: &buffer, now: now)   // then send engine.runs
///     engine.receive(datagram, path: path, ecn: .ect0, now: now)
///     for event in engine.drainEvents() { … }
///     wake(at: engine.nextTimeout)                           // then engine.handleTimeout(now:)
public final class ConnectionEngine {
    /// Whether this is the server's end.
    public let isServer: Bool
    /// The configuration it was made with.
    public let configuration: EngineConfiguration
    /// What the last ``transmit(into:maximumDatagrams:now:)`` wrote, in the order to send it in.
    @safe @exclusivity(unchecked) public internal(set) var runs: [TransmitRun] = []
    /// What the handshake agreed on, once it is complete.
    public internal(set) var handshake: HandshakeSummary?
    /// Why the connection ended, if it did.
    public internal(set) var closeReason: ConnectionCloseReason?
    /// Whether the first packets were no beginning of a connection: damaged, or forged. Nothing was answered, and the ID that
    /// they bear may be that of a client whose intact packets come next (RFC 9000 §5.2.2).
    public internal(set) var openedNothing = false
    /// The ID that the client chose for its first packets: until the handshake is confirmed they carry it.
    public let initialConnectionID: ConnectionID

    let context: CallbackContext
    let streams: StreamTable
    let resources: EngineResources
    var pool: ChunkPool { self.resources.pool }
    /// Nil once the connection is closing: nothing of it is needed but the saved packet.
    var connection: NGTCP2Connection?
    var state = ConnectionState()
    var window: ConnectionWindow
    @safe @exclusivity(unchecked) var datagrams: DatagramQueue
    var nextDatagramID: UInt64 = 0
    var savedClose: SavedClose?
    /// The connection's window is used up: only ends of streams are offered until it grows.
    var isConnectionBlocked = false
    var path: NetworkPath
    var lastPath: NetworkPath
    var lastPathGeneration: UInt32 = 0
    /// Nanoseconds of silence after which a PING is sent; 0: none is.
    var keepAlive: UInt64 = 0
    var pingState = PingState.none
    /// What may wait to be sent for the first time, on all streams together: follows the congestion window.
    var unsentBound = 0
    let startedAt: EngineInstant
    let serverName: String
    /// Server side: the client came back with the token of a Retry.
    let cameAfterRetry: Bool
    private let makeToken: (@Sendable (NetworkAddress) -> [UInt8])?

    /// The packet that answers whatever comes after we closed.
    struct SavedClose {
        let bytes: [UInt8]
        let path: NetworkPath
        var isDue: Bool
    }

    /// Starts a connection as a client. The first datagram is there at the next ``transmit(into:maximumDatagrams:now:)``.
    public convenience init(
        _ attempt: ClientAttempt, resources: EngineResources, random: any Randomness, now: EngineInstant
    ) throws(EngineError) {
        try EngineLibrary.checkVersion()
        let source = try Self.makeConnectionID(attempt.generator, random)
        let verifier = PeerVerifier(
            policy: attempt.tls.trust, expectedName: attempt.tls.serverName, peerIsServer: true, isOptional: false)
        let secret = attempt.resetSecret.isEmpty ? random.bytes(32) : attempt.resetSecret
        var mapping = try SettingsMapping(attempt.configuration, now: now)
        mapping.token = attempt.token
        mapping.originalVersion = attempt.originalVersion
        // ngtcp2 answers it with abort().
        guard mapping.versions.contains(attempt.version) else {
            throw EngineError(
                .invalidConfiguration,
                "version \(attempt.version) is none of the configured ones that the library knows")
        }
        let parts = ContextParts(
            configuration: attempt.configuration, resources: resources, random: random, generator: attempt.generator,
            resetSecret: secret, verifier: verifier, identities: nil)
        // RFC 9000 §7.2: at least eight unpredictable bytes.
        let parameters = NGTCP2Connection.Parameters(
            isServer: false, destination: ConnectionID(random: random, count: 16), source: source, path: attempt.path,
            version: attempt.version)
        var tls = attempt.tls
        tls.resumption = attempt.usableTicket
        // RFC 8446 §4.2.10: early data is of the ticket's protocol, so that has to be the one we ask for first.
        if tls.resumption?.applicationProtocol != tls.protocols.first { tls.sendsEarlyData = false }
        try self.init(parts, parameters, mapping, now: now, serverName: tls.serverName, initial: parameters.destination)
        {
            () throws(EngineError) -> TLSSession in try TLSSession(client: tls, resources: resources)
        }
        if let resumption = tls.resumption, tls.sendsEarlyData, resumption.allowsEarlyData {
            // A blob of another library family can't be read: then there is no 0-RTT, and nothing else is wrong.
            _ = self.connection?.useEarlyParameters(resumption.transportParameters)
        }
    }

    /// Accepts a connection as a server. The datagram that `acceptance` was made from must be fed in next.
    public convenience init(
        _ acceptance: ServerAcceptance, resources: EngineResources, random: any Randomness, now: EngineInstant
    ) throws(EngineError) {
        try EngineLibrary.checkVersion()
        let initial = acceptance.initial
        let source = try Self.makeConnectionID(acceptance.generator, random)
        var mapping = try SettingsMapping(acceptance.configuration, now: now)
        if acceptance.retriedFrom != nil || acceptance.addressIsValidated {
            mapping.token = initial.token
            mapping.tokenIsFromRetry = acceptance.retriedFrom != nil
        }
        mapping.originalDestination = acceptance.retriedFrom ?? initial.destination
        mapping.retrySource = acceptance.retriedFrom == nil ? nil : initial.destination
        mapping.resetToken = StatelessResetToken(secret: acceptance.resetSecret, id: source)
        let parts = ContextParts(
            configuration: acceptance.configuration, resources: resources, random: random,
            generator: acceptance.generator,
            resetSecret: acceptance.resetSecret, verifier: acceptance.tls.clientAuthentication.verifier,
            identities: acceptance.tls.identities)
        if let preferred = acceptance.preferredAddress, preferred.ipv4 != nil || preferred.ipv6 != nil {
            mapping.preferredAddress = preferred
            let id = try Self.makeConnectionID(acceptance.generator, random)
            mapping.preferredAddressID = IssuedConnectionID(
                sequenceNumber: 1, id: id, resetToken: StatelessResetToken(secret: acceptance.resetSecret, id: id))
        }
        let parameters = NGTCP2Connection.Parameters(
            isServer: true, destination: initial.source, source: source, path: acceptance.path, version: initial.version
        )
        let (tls, limits) = (acceptance.tls, acceptance.configuration.rememberedLimits)
        try self.init(
            parts, parameters, mapping, now: now, serverName: "", initial: initial.destination,
            makeToken: acceptance.makeToken
        ) { () throws(EngineError) -> TLSSession in
            try TLSSession(server: tls, limits: limits, resources: resources)
        }
    }

    struct ContextParts {
        let configuration: EngineConfiguration
        let resources: EngineResources
        let random: any Randomness
        let generator: any ConnectionIDGenerator
        let resetSecret: [UInt8]
        let verifier: PeerVerifier?
        let identities: ServerIdentities?
    }

    private init(
        _ parts: ContextParts, _ parameters: NGTCP2Connection.Parameters, _ mapping: SettingsMapping,
        now: EngineInstant,
        serverName: String, initial: ConnectionID, makeToken: (@Sendable (NetworkAddress) -> [UInt8])? = nil,
        makeSession: () throws(EngineError) -> TLSSession
    ) throws(EngineError) {
        let configuration = parts.configuration
        let streams = StreamTable(configuration.streams)
        let limits = configuration.datagrams
        let context = CallbackContext(
            .init(
                streams: streams, pool: parts.resources.pool, random: parts.random, generator: parts.generator,
                resetSecret: parts.resetSecret, verifier: parts.verifier, identities: parts.identities,
                qlog: configuration.diagnostics.qlog, logLineLimit: configuration.diagnostics.logLineLimit,
                replacedStreamLimit: Int(
                    clamping: configuration.streams.bidirectional + configuration.streams.unidirectional),
                received: DatagramQueue(countLimit: limits.receiveQueueCount, byteLimit: limits.receiveQueueBytes)))
        self.isServer = parameters.isServer
        self.configuration = configuration
        self.context = context
        self.streams = streams
        self.resources = parts.resources
        self.window = ConnectionWindow(configuration.flowControl)
        self.datagrams = DatagramQueue(countLimit: limits.sendQueueCount, byteLimit: limits.sendQueueBytes)
        self.path = parameters.path
        self.lastPath = parameters.path
        self.startedAt = now
        self.serverName = serverName
        self.initialConnectionID = initial
        self.cameAfterRetry = mapping.tokenIsFromRetry
        self.makeToken = makeToken
        // Everything is initialised: from here on a throw runs deinit, which counts down.
        parts.resources.count(.engine, 1)
        let connection = try NGTCP2Connection(
            parameters, mapping: mapping, callbacks: context, resources: parts.resources, makeSession: makeSession)
        self.connection = connection
        self.keepAlive = configuration.keepAlive?.clampedNanoseconds ?? 0
        if self.keepAlive > 0 { connection.setKeepAlive(self.keepAlive) }
        context.statistics.paths.append(PathStatistics(path: parameters.path))
        let first = context.connectionIDs.issue(parameters.source, resetToken: mapping.resetToken)
        context.record(.connectionIDIssued(first))
        if let preferred = mapping.preferredAddressID {
            context.record(
                .connectionIDIssued(context.connectionIDs.issue(preferred.id, resetToken: preferred.resetToken)))
        }
    }

    deinit {
        // The connection goes before the chunks that it points into.
        self.connection = nil
        self.streams.removeAll(to: self.resources.pool)
        self.resources.count(.engine, -1)
    }

    /// One socket, one length: packets with an ID of another one could not be routed.
    private static func makeConnectionID(
        _ generator: any ConnectionIDGenerator, _ random: any Randomness
    ) throws(EngineError) -> ConnectionID {
        let id = generator.makeConnectionID(random: random)
        guard id.count == generator.length, 4...ConnectionID.maximumLength ~= id.count else {
            throw EngineError(
                .invalidConfiguration,
                "the generator of connection IDs promises \(generator.length) bytes, of 4 to 20, and made \(id.count)")
        }
        return id
    }

    /// Where the connection stands in its life.
    public var phase: ConnectionPhase { self.state.phase }

    /// Our connection IDs that the peer may use, in order of their numbers.
    public var connectionIDs: [IssuedConnectionID] { self.context.connectionIDs.active }

    /// The ID that we address the peer by.
    public var peerConnectionID: ConnectionID? { self.connection?.destination }

    /// The path in use.
    public var currentPath: NetworkPath { self.path }

    /// What happened since the last call, in order.
    public func drainEvents() -> [ConnectionEvent] {
        var events: [ConnectionEvent] = []
        self.drainEvents(into: &events)
        return events
    }

    /// Appends what happened since the last call to `buffer`: the form that allocates nothing.
    public func drainEvents(into buffer: inout [ConnectionEvent]) { self.context.drain(into: &buffer) }

    /// The token for the client's next visit, made when the handshake is complete.
    func submitToken() {
        guard self.isServer, let makeToken = self.makeToken else { return }
        self.connection?.submitToken(makeToken(self.path.remote))
    }
}

extension TLSServerConfiguration.ClientAuthentication {
    /// A resumed session shows no certificate: a ticket would get around the demand for one.
    var allowsResumption: Bool {
        if case .none = self { true } else { false }
    }

    var verifier: PeerVerifier? {
        switch self {
        case .none: nil
        case .requested(let policy):
            PeerVerifier(policy: policy, expectedName: nil, peerIsServer: false, isOptional: true)
        case .required(let policy):
            PeerVerifier(policy: policy, expectedName: nil, peerIsServer: false, isOptional: false)
        }
    }
}

extension Randomness {
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: self.next()) } }
}

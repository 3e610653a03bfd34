public import QUICEngine
internal import QUICIO
internal import Synchronization

/// A QUIC connection: streams, datagrams, and the life of both.
///
/// It is an actor that lives on the event loop of its endpoint. What an application calls on it from elsewhere does not
/// hop there except where it says so; bytes never do.
///
///     let connection = try await endpoint.connect(to: "example.org", port: 4433, .init(protocols: ["echo"]))
///     let stream = try await connection.openStream()
///     try await stream.write("hello")
///     try stream.finish()
///     let answer = try await stream.readToEnd(limit: 65_536)
///     connection.close()
public actor QUICConnection {
    nonisolated let router: ConnectionRouter
    nonisolated let limits: ConnectionLimits
    nonisolated let progress: Monitor<ConnectionProgress>
    nonisolated let numbers: Monitor<StreamNumbers>
    nonisolated let backlog: Monitor<StreamBacklog>
    nonisolated let datagramBox: Monitor<DatagramBox>
    nonisolated let eventBox: Monitor<EventBox>
    nonisolated let wishes = Mutex(ConnectionWishes())
    /// Bytes that readers of all streams consumed and the loop has not collected.
    nonisolated let uncollectedCredit = Atomic(0)
    /// Whether this is the server's end.
    public nonisolated let isServer: Bool

    let engine: ConnectionEngine
    nonisolated let context: ConnectionContext
    var handler: (any QUICConnectionHandler)?
    /// Datagrams wait in the engine for a handler, which is made when the handshake is complete.
    var holdsDatagrams = false
    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) var streams: [StreamID: StreamCore] = [:]
    /// What streams wait to be told that they were acknowledged.
    var questions: [StreamID: UInt64] = [:]
    /// 0-RTT streams that the server refused, until the handshake says how many may be opened again.
    var rejected: [RejectedStream] = []
    var hasReopenedStreams = false
    @safe @exclusivity(unchecked) var wakes = Wakes()
    @safe @exclusivity(unchecked) var undigested: [ConnectionEvent] = []
    /// What happened in this batch of events and is to be told together: the fates of datagrams are as many as those.
    @safe @exclusivity(unchecked) var news: [QUICConnectionEvent] = []
    /// Never again will there be as many events at once, most likely: the room for them is given up.
    var isPastHandshake = false
    @safe @exclusivity(unchecked) var arrivals: [Chunk] = []
    /// The router has it on its list for this turn.
    var isTouched = false
    /// Nothing is sent yet: the application still writes what is to go out first.
    var isHeld = false
    var isWakeful = false
    var peerAcceptsDatagrams = false
    /// Where the client called from, while its handshake is under way and counted.
    var halfOpenFrom: NetworkAddress?

    /// The event loop.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.router.loop.asUnownedSerialExecutor() }

    init(dialing attempt: ClientAttempt, _ context: ConnectionContext, on router: ConnectionRouter, now: EngineInstant)
        throws(EngineError)
    {
        let engine = try ConnectionEngine(
            attempt, resources: router.resources, random: SystemRandomness(), now: now)
        self.init(engine: engine, context, router)
    }

    init(
        accepting acceptance: ServerAcceptance, _ context: ConnectionContext, on router: ConnectionRouter,
        now: EngineInstant
    ) throws(EngineError) {
        let engine = try ConnectionEngine(
            acceptance, resources: router.resources, random: SystemRandomness(), now: now)
        self.init(engine: engine, context, router)
    }

    private init(engine: sending ConnectionEngine, _ context: ConnectionContext, _ router: ConnectionRouter) {
        let limits = engine.configuration.datagrams
        let ledger = router.ledger
        self.router = router
        self.context = context
        self.isServer = engine.isServer
        self.limits = ConnectionLimits(engine.configuration)
        self.progress = Monitor(ConnectionProgress(path: engine.currentPath), ledger)
        self.numbers = Monitor(StreamNumbers(isServer: engine.isServer), ledger)
        self.backlog = Monitor(StreamBacklog(), ledger)
        self.datagramBox = Monitor(
            DatagramBox(limits), ledger)
        self.eventBox = Monitor(EventBox(), ledger)
        self.engine = engine
    }

    /// The addresses in use now: ours and the peer's.
    public nonisolated var path: NetworkPath { self.progress.withLock { $0.path } }
    /// The peer's address.
    public nonisolated var remoteAddress: NetworkAddress { self.path.remote }
    /// Our address.
    public nonisolated var localAddress: NetworkAddress { self.path.local }
    /// What the handshake agreed on; nil until it is complete.
    public nonisolated var handshakeSummary: HandshakeSummary? { self.progress.withLock { $0.summary } }
    /// The application protocol that was agreed on (ALPN); nil until the handshake is complete.
    public nonisolated var applicationProtocol: String? { self.handshakeSummary?.applicationProtocol }
    /// What the peer showed to prove who it is; nil where nothing was asked, or where a session was resumed.
    public nonisolated var peerCertificate: PeerCertificate? { self.handshakeSummary?.peerCertificate }
    /// Why the connection ended; nil while it lives.
    public nonisolated var closeError: QUICError? { self.progress.withLock { $0.error } }
    /// Where handlers that must not hop can run: see ``QUICEndpoint/executor``.
    public nonisolated var executor: any TaskExecutor { self.router.loop.taskExecutor }
}

extension QUICConnection: Hashable {
    /// Two are equal when they are the same connection.
    public static nonisolated func == (lhs: QUICConnection, rhs: QUICConnection) -> Bool { lhs === rhs }

    /// Agrees with `==`.
    public nonisolated func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// What a connection has of its endpoint's configuration.
struct ConnectionContext: Sendable {
    /// Makes the handler that lives on the loop, where one is wanted.
    var makeHandler: (@Sendable (QUICConnection) -> any QUICConnectionHandler)?
    /// Where tickets and tokens go.
    var sessions: (any SessionStore)?
    var tokens: (any TokenStore)?
    var serverKey: ServerKey?
    /// Hands the connection to whoever accepts: server side.
    var accepts = false
    /// Is told where the client called from if the handshake comes to nothing: server side.
    var attemptFailed: (@Sendable (NetworkAddress) -> Void)?
    /// How it was dialled: client side.
    var attempt: QUICEndpoint.Attempt?
    /// Lines for a key log file.
    var keyLog: (@Sendable (String) -> Void)?
    /// Lines of the library's debug log.
    var log: (@Sendable (String) -> Void)?
}

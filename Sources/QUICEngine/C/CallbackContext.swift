internal import CNGTCP2

/// The only object that C is given a pointer to (`user_data`).
///
/// Deliberately not the engine: a call-back runs while a method of the engine is on the stack, and touching the
/// engine's stored state from there would break the law of exclusivity. Call-backs record here and append bytes to
/// stream entries; the engine looks at it when C has returned.
@safe final class CallbackContext {
    let streams: StreamTable
    let pool: ChunkPool
    let random: any Randomness
    let generator: any ConnectionIDGenerator
    let resetSecret: [UInt8]
    /// Who judges the peer, and who we are: a server settles both when it knows the application protocol.
    var verifier: PeerVerifier?
    var identities: ServerIdentities?
    let qlog: QlogSink?
    let logLineLimit: Int

    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) var events: [ConnectionEvent] = []
    @safe @exclusivity(unchecked) var received: DatagramQueue
    @safe @exclusivity(unchecked) var statistics = ConnectionStatistics()
    var connectionIDs = LocalConnectionIDs()
    /// Steps of the life that C reported; the engine takes them when C has returned.
    var completedHandshake = false
    var confirmedHandshake = false
    var sawStatelessReset = false
    var hasRejectedEarlyData = false
    var hasNextKeys = false
    var offeredVersions: [QUICVersion] = []
    /// Bytes of streams that nobody reads any more: their connection credit is due before packets are written.
    var discardedBytes: UInt64 = 0
    /// Streams whose end of sending or closing was reported: the engine sees whether they are done.
    @safe @exclusivity(unchecked) var touched: [StreamEntry] = []
    var ticket: (session: [UInt8], allowsEarlyData: Bool)?
    var ticketAllowsEarlyData = false
    var readableDatagramsSignalled = false
    /// STOP_SENDING seen in the packet that is being read, for streams that it is about to open.
    var earlyStops: [StreamID: UInt64] = [:]
    /// How many streams that were reset before they were opened may wait for the application.
    let replacedStreamLimit: Int
    private var logLines = 0
    private var depth = 0

    /// Set once the connection exists, which outlives every call-back.
    var connection: OpaquePointer?
    /// The TLS session, for the choice of an identity; broken when the connection goes.
    weak var session: TLSSession?
    /// The name that the server has no certificate for.
    var refusedName: String?
    /// The last message of the peer's was its certificate or the proof of its key.
    var isReadingCertificate = false

    init(_ parts: Parts) {
        self.streams = parts.streams
        self.pool = parts.pool
        self.random = parts.random
        self.generator = parts.generator
        self.resetSecret = parts.resetSecret
        self.verifier = parts.verifier
        self.identities = parts.identities
        self.qlog = parts.qlog
        self.logLineLimit = parts.logLineLimit
        self.replacedStreamLimit = parts.replacedStreamLimit
        self.received = parts.received
        self.events.reserveCapacity(8)
    }

    /// What a context is made of.
    struct Parts {
        let streams: StreamTable
        let pool: ChunkPool
        let random: any Randomness
        let generator: any ConnectionIDGenerator
        let resetSecret: [UInt8]
        let verifier: PeerVerifier?
        let identities: ServerIdentities?
        let qlog: QlogSink?
        let logLineLimit: Int
        let replacedStreamLimit: Int
        let received: DatagramQueue
    }

    /// Every call into ngtcp2 that can run call-backs goes through here.
    func entering<R>(_ body: () -> R) -> R {
        self.requireOutside()
        self.depth += 1
        defer { self.depth -= 1 }
        return body()
    }

    /// Being inside means that somebody called the engine from a closure of theirs (a custom trust policy, say):
    /// ngtcp2 would corrupt itself, so that programming error traps. No peer can cause it.
    func requireOutside() {
        precondition(self.depth == 0, "the engine must not be called from inside one of its own call-backs")
    }

    func record(_ event: ConnectionEvent) { self.events.append(event) }

    func recordLog(_ line: String) {
        guard self.logLines < self.logLineLimit else { return }
        self.logLines += 1
        self.record(.log(line))
    }

    /// Gives the events away; room in `buffer` is kept, or comes back here.
    func drain(into buffer: inout [ConnectionEvent]) {
        self.requireOutside()
        self.logLines = 0
        guard !buffer.isEmpty else { return swap(&buffer, &self.events) }
        buffer.append(contentsOf: self.events)
        self.events.removeAll(keepingCapacity: true)
    }

    func resetToken(for id: ConnectionID) -> StatelessResetToken {
        StatelessResetToken(secret: self.resetSecret, id: id)
    }
}

/// The connection IDs that we issued, in order of their numbers (RFC 9000 §5.1.1).
struct LocalConnectionIDs {
    private(set) var active: [IssuedConnectionID] = []
    private var nextNumber: UInt64 = 0

    mutating func issue(_ id: ConnectionID, resetToken: StatelessResetToken?) -> IssuedConnectionID {
        let issued = IssuedConnectionID(sequenceNumber: self.nextNumber, id: id, resetToken: resetToken)
        self.nextNumber &+= 1
        self.active.append(issued)
        return issued
    }

    mutating func retire(_ id: ConnectionID) -> IssuedConnectionID? {
        guard let index = self.active.firstIndex(where: { $0.id == id }) else { return nil }
        return self.active.remove(at: index)
    }

    mutating func retireAll() -> [IssuedConnectionID] {
        defer { self.active = [] }
        return self.active
    }
}

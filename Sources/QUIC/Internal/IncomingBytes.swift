internal import QUICEngine

/// What arrived on a stream and waits for its reader: the state behind ``StreamCore/incoming``.
///
///     open ──FIN──► finished ──read to the end──► over
///      │  ╲──RESET_STREAM──► reset ──told──► over
///      └──stop, or the connection ends──► failed
struct IncomingBytes: Sendable {
    /// What comes after the bytes that are here.
    enum End: Sendable {
        case open, finished, reset(code: UInt64), failed(QUICError)
    }

    /// What a reader is told.
    enum Answer<Value: Sendable>: Sendable {
        case value(Value)
        case end
        case failure(QUICError)
    }

    private var chunks = RingBuffer<Chunk>()
    /// Bytes that wait for the reader. The stream's window bounds them.
    private(set) var available = 0
    private var end = End.open
    /// Consumed bytes that the connection has not collected.
    private var credit = 0
    /// Those of them that the reader has added to what waits on all streams.
    private var counted = 0
    /// The reader was told of the end, the connection not yet.
    private var endIsRead = false
    private var endIsReported = false
    private var stopCode: UInt64?
    /// Whether the connection is going to look at the stream, and how soon.
    private var look = Look.none
    /// The connection is over: nothing is worth a look any more.
    private var isCutOff = false
    /// Credit is worth a turn of the loop from here on.
    private let creditThreshold: Int

    init(creditThreshold: Int) { self.creditThreshold = max(creditThreshold, 1) }

    /// A stream of ours that the peer can't write to.
    static func absent(_ id: StreamID) -> IncomingBytes {
        var state = IncomingBytes(creditThreshold: 1)
        state.end = .failed(QUICError(.refused, "stream \(id) is ours and unidirectional: there is nothing to read"))
        state.endIsReported = true
        return state
    }

    // MARK: The reader's side

    /// Runs `take` on the first chunk; nil: nothing is here, wait.
    mutating func read<Value: Sendable>(_ take: (inout IncomingBytes) -> Value) -> Answer<Value>? {
        if case .reset(let code) = self.end {
            self.discard()
            self.noteEnd()
            return .failure(.streamReset(code))
        }
        if self.available > 0 { return .value(take(&self)) }
        switch self.end {
        case .open: return nil
        case .finished:
            self.noteEnd()
            return .end
        case .failed(let error): return .failure(error)
        case .reset(let code): return .failure(.streamReset(code))
        }
    }

    /// Takes the first chunk as it is.
    mutating func takeChunk() -> Chunk? {
        guard let chunk = self.chunks.popFirst() else { return nil }
        self.noteConsumed(chunk.count)
        return chunk
    }

    /// Copies into `buffer`; returns how many bytes.
    mutating func copy(into buffer: inout MutableRawSpan) -> Int {
        var total = 0
        while total < buffer.byteCount, let count = self.chunks.first?.consume(into: &buffer, at: total) {
            total += count
            guard self.chunks.first?.count == 0 else { break }
            self.giveBackFirst()
        }
        self.noteConsumed(total)
        return total
    }

    /// Lends the first bytes, and forgets as many as `body` says.
    mutating func lend(_ body: (RawSpan) -> Int) -> Int {
        guard let used = self.chunks.first?.lend(body) else { return 0 }
        self.noteConsumed(used)
        if self.chunks.first?.count == 0 { self.giveBackFirst() }
        return used
    }

    /// The application wants no more. False: it is over already.
    mutating func stop(_ code: UInt64, _ error: QUICError) -> Bool {
        switch self.end {
        case .failed: return false
        case .finished where self.available == 0:
            self.noteEnd()
            return true
        case .open, .finished, .reset: break
        }
        self.discard()
        self.stopCode = code
        self.end = .failed(error)
        return true
    }

    /// How soon the connection should look at a stream: when it has its turn for another reason, or by a turn for this.
    enum Look: Int, Sendable, Comparable {
        case none, sometime, soon

        static func < (one: Look, other: Look) -> Bool { one.rawValue < other.rawValue }
    }

    /// What the connection should hear of what the reader did.
    struct Notice: Sendable {
        /// More than it was asked for before.
        var look = Look.none
        /// Bytes that were consumed since the last notice.
        var consumed = 0
    }

    /// Asked after each change by the reader. Each thing is said once, until the connection has collected.
    mutating func takeNotice() -> Notice {
        guard !self.isCutOff else { return Notice() }
        let consumed = self.credit - self.counted
        self.counted = self.credit
        let wanted = self.isWorthTurn ? Look.soon : self.credit > 0 ? .sometime : .none
        guard wanted > self.look else { return Notice(consumed: consumed) }
        self.look = wanted
        return Notice(look: wanted, consumed: consumed)
    }

    private var isWorthTurn: Bool {
        self.stopCode != nil || (self.endIsRead && !self.endIsReported) || self.credit >= self.creditThreshold
    }

    /// No variable may hold the chunk meanwhile: only the last reference can be given back.
    private mutating func giveBackFirst() {
        if let chunk = self.chunks.popFirst() { Chunk.giveBack(consume chunk) }
    }

    private mutating func noteConsumed(_ count: Int) {
        self.available -= count
        self.credit += count
    }

    private mutating func noteEnd() { self.endIsRead = true }

    private mutating func discard() {
        self.credit += self.available
        self.available = 0
        self.chunks.removeAll()
    }

    // MARK: The connection's side

    /// What the reader did since the last look.
    struct News: Sendable {
        var credit: Int
        /// How many of these bytes the reader has spoken of.
        var counted: Int
        var isOver: Bool
        var stopCode: UInt64?
    }

    mutating func collect() -> News {
        self.look = .none
        let isOver = self.endIsRead && !self.endIsReported
        if isOver { self.endIsReported = true }
        defer {
            self.credit = 0
            self.counted = 0
            self.stopCode = nil
        }
        return News(credit: self.credit, counted: self.counted, isOver: isOver, stopCode: self.stopCode)
    }

    /// Adds what arrived. True: the reader should look.
    mutating func deliver(_ arrived: [Chunk], _ end: ConnectionEngine.ArrivalEnd) -> Bool {
        guard case .open = self.end else {
            for chunk in arrived { self.credit += chunk.count }
            return false
        }
        let wasEmpty = self.available == 0
        for chunk in arrived {
            self.available += chunk.count
            self.chunks.append(chunk)
        }
        switch end {
        case .open: return wasEmpty && self.available > 0
        case .finished: self.end = .finished
        case .reset(let code): self.end = .reset(code: code)
        }
        return true
    }

    /// The connection is over. What is here can be read still.
    mutating func fail(_ error: QUICError) -> Bool {
        self.endIsReported = true
        self.isCutOff = true
        guard case .open = self.end else { return false }
        self.end = .failed(error)
        return true
    }

    /// Nothing more will be asked: unread bytes go.
    mutating func abandon(_ error: QUICError) {
        self.discard()
        if case .open = self.end { self.end = .failed(error) }
    }

    /// Whether the reader has been told all there is.
    var isOver: Bool {
        switch self.end {
        case .open: false
        case .finished, .reset: self.endIsRead
        case .failed: self.available == 0
        }
    }
}

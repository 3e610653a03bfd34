internal import QUICEngine

/// What an application wrote and the connection has not taken yet: the state behind ``StreamCore/outgoing``.
///
///     open ──finish──► finished ──all acknowledged──► over
///       ╲──reset──────► failed  ◄── STOP_SENDING, or the connection ends
struct OutgoingBytes: Sendable {
    private enum Phase: Sendable {
        case open, finished
        case failed(QUICError)
    }

    private var chunks = RingBuffer<Chunk>()
    /// Chunks that were taken and came back: they go first, and nothing is added to them.
    private var again = RingBuffer<Chunk>()
    /// The last chunk is the writer's own: nobody else has seen it, so bytes may be added.
    private var lastIsOwn = false
    /// Bytes that wait for the connection to take them.
    private(set) var pending = 0
    /// All that was ever written.
    private(set) var written: UInt64 = 0
    private var phase = Phase.open
    private let highWater: Int
    /// Writers that found the queue full go on below this.
    private var lowWater: Int { self.highWater / 2 }
    private var isFull = false

    private var resetCode: UInt64?
    /// The code that the application gave the direction up with, if it did.
    private(set) var givenUpCode: UInt64?
    private var priority: StreamPriority?
    private var finishIsReported = false
    /// How often somebody asked for acknowledgement, and how often it was answered.
    private var acknowledgementsAsked: UInt64 = 0
    private var acknowledgementsAnswered: UInt64 = 0
    private var asksAcknowledgement = false
    private var isSignalled = false

    init(highWater: Int) { self.highWater = max(highWater, 1) }

    /// A stream of the peer that we can't write to.
    static func absent(_ id: StreamID) -> OutgoingBytes {
        var state = OutgoingBytes(highWater: 1)
        state.phase = .failed(
            QUICError(.refused, "stream \(id) is the peer's and unidirectional: nothing can be written to it"))
        state.finishIsReported = true
        return state
    }

    // MARK: The writer's side

    /// Why nothing can be written; nil where it can.
    var obstacle: QUICError? {
        switch self.phase {
        case .open: nil
        case .finished: QUICError(.streamEnded, "the stream was finished: nothing can be written after that")
        case .failed(let error): error
        }
    }

    /// How many bytes may be added now. 0: wait until the connection has taken half of what is here.
    mutating func room() -> Int {
        if self.isFull { return 0 }
        let room = self.highWater - self.pending
        if room <= 0 { self.isFull = true }
        return max(room, 0)
    }

    /// Adds bytes to the last chunk while it has room; returns how many.
    mutating func appendToLast(_ bytes: RawSpan) -> Int {
        guard self.lastIsOwn, let last = self.chunks.last, last.room > 0 else { return 0 }
        let count = last.append(copying: bytes)
        self.note(count)
        return count
    }

    /// Adds a chunk. One that is not the writer's `own` is shared with whoever read it, and stays as it is.
    mutating func append(_ chunk: Chunk, own: Bool) {
        self.chunks.append(chunk)
        self.lastIsOwn = own
        self.note(chunk.count)
    }

    mutating func finish() -> QUICError? {
        switch self.phase {
        case .open: self.phase = .finished
        case .finished: break
        case .failed(let error): return error
        }
        return nil
    }

    /// Gives the direction up. False: it is over already.
    mutating func reset(_ code: UInt64, _ error: QUICError) -> Bool {
        if case .failed = self.phase { return false }
        self.phase = .failed(error)
        self.dropChunks()
        self.resetCode = code
        self.givenUpCode = code
        return true
    }

    mutating func setPriority(_ priority: StreamPriority) { self.priority = priority }

    /// Asks the connection to tell when all that was written so far has arrived; returns what to wait for.
    mutating func askForAcknowledgement() -> UInt64 {
        self.asksAcknowledgement = true
        self.acknowledgementsAsked &+= 1
        return self.acknowledgementsAsked
    }

    /// nil: wait.
    func answer(to question: UInt64) -> Result<Void, QUICError>? {
        if self.acknowledgementsAnswered >= question { return .success(()) }
        if case .failed(let error) = self.phase { return .failure(error) }
        return nil
    }

    /// Whether the connection should hear of what the writer did. True once, until it has collected.
    mutating func needsSignal() -> Bool {
        guard !self.isSignalled else { return false }
        let hasNews =
            self.pending > 0 || self.resetCode != nil || self.priority != nil || self.asksAcknowledgement
            || self.wantsFinish
        guard hasNews else { return false }
        self.isSignalled = true
        return true
    }

    private var wantsFinish: Bool {
        if case .finished = self.phase { return !self.finishIsReported }
        return false
    }

    private mutating func note(_ count: Int) {
        self.pending += count
        self.written &+= UInt64(count)
    }

    private mutating func dropChunks() {
        self.chunks.removeAll()
        self.again.removeAll()
        self.pending = 0
    }

    // MARK: The connection's side

    /// What the writer wants, besides bytes to be sent.
    struct Wishes: Sendable {
        var resetCode: UInt64?
        var priority: StreamPriority?
    }

    mutating func collectWishes() -> Wishes {
        self.isSignalled = false
        defer {
            self.resetCode = nil
            self.priority = nil
        }
        return Wishes(resetCode: self.resetCode, priority: self.priority)
    }

    /// Takes the next chunk out.
    mutating func takeChunk() -> Chunk? {
        guard let chunk = self.again.popFirst() ?? self.chunks.popFirst() else { return nil }
        self.pending -= chunk.count
        return chunk
    }

    /// The engine had no room for it: it stays the first.
    mutating func putBack(_ chunk: Chunk) {
        self.again.prepend(chunk)
        self.pending += chunk.count
    }

    /// Bytes that were sent as refused 0-RTT data are sent again, before what has not been sent at all: the chunk that the
    /// engine had no room for among them.
    mutating func putAgain(_ chunks: [Chunk]) { for chunk in chunks.reversed() { self.putBack(chunk) } }

    mutating func finishAgain() { self.finishIsReported = false }

    /// Whether the end is due: all bytes were taken and the application has finished. True once.
    mutating func takeFinish() -> Bool {
        guard self.wantsFinish, self.pending == 0 else { return false }
        self.finishIsReported = true
        return true
    }

    /// A question that can be passed on now that all bytes were taken.
    mutating func takeQuestion() -> UInt64? {
        guard self.asksAcknowledgement, self.pending == 0, !self.wantsFinish else { return nil }
        self.asksAcknowledgement = false
        return self.acknowledgementsAsked
    }

    /// True: writers should look.
    mutating func reachLowWater() -> Bool {
        guard self.isFull, self.pending <= self.lowWater else { return false }
        self.isFull = false
        return true
    }

    mutating func answerAcknowledgement(_ question: UInt64) -> Bool {
        self.acknowledgementsAnswered = max(self.acknowledgementsAnswered, question)
        return true
    }

    /// The peer stopped it, or the connection is over.
    mutating func fail(_ error: QUICError) -> Bool {
        if case .failed = self.phase { return false }
        self.phase = .failed(error)
        self.dropChunks()
        self.finishIsReported = true
        return true
    }

    /// The stream is over. Where it was finished, all of it has arrived.
    mutating func complete() -> Bool {
        if case .finished = self.phase { self.acknowledgementsAnswered = .max }
        return true
    }

    /// Finished, and not given up afterwards.
    var isFinished: Bool {
        if case .finished = self.phase { return true }
        return false
    }

    /// Neither finished nor given up.
    var isOpen: Bool {
        if case .open = self.phase { return true }
        return false
    }
}

internal import Synchronization

/// A stream to a peer, for one protocol: bytes in order, both ways. A handle that several tasks may use.
///
///     try await stream.write("hello")
///     try await stream.closeWrite()
///     let answer = try await stream.readToEnd(limit: 65_536)
///
/// There are several ways to end one. ``closeWrite()`` says that nothing more will be written; ``closeRead(_:)`` that
/// nothing more will be read; ``close()`` is the end in good order, after which only what the peer still has to say
/// may be read; ``reset(_:)`` gives both directions up at once. A stream whose last handle goes without any of them is
/// reset.
///
/// Reads of several tasks do not mix, nor do writes: each is done before the next begins. A read that is cancelled
/// loses no bytes, they are left for the next one.
public final class LibP2PStream: Sendable {
    /// What the stream is for.
    public let protocolID: ProtocolID
    /// Who is at the other end.
    public let peer: PeerID
    /// The connection it belongs to; nil where the application gave the stream to the library.
    public let connection: LibP2PConnection?

    let base: any DuplexStream
    let reading = StreamLock()
    let writing = StreamLock()
    let state: Mutex<State>
    private let deadline: Duration
    private let time: TimeSource
    /// What the host has set aside for the stream, and gets back with it.
    private let lease: StreamLease?

    /// What is known of the stream.
    struct State: Sendable {
        /// What was read and not taken.
        var buffer: ArraySlice<UInt8>
        /// The answer to a lazy offer, which must be read before anything else.
        var pending: MultistreamInitiator?
        /// Why the lazy offer failed.
        var failure: LibP2PError?
        /// What to stop the peer with, once the answer has been read.
        var stopCode: StreamCode?
        /// How reading ended: with the peer's end, or with an error; nil: it has not.
        var readEnd: Result<Void, LibP2PError>?
        /// Whether nothing more can be written.
        var isWriteOver = false
    }

    init(
        _ stream: NegotiatedStream, peer: PeerID, on connection: LibP2PConnection? = nil, lease: StreamLease? = nil,
        deadline: Duration = Negotiation.defaultDeadline,
        time: TimeSource = .continuous
    ) {
        self.protocolID = stream.protocolID
        self.peer = peer
        self.connection = connection
        self.lease = lease
        self.base = stream.base
        self.state = Mutex(State(buffer: stream.remainder[...], pending: stream.pending))
        self.deadline = deadline
        self.time = time
    }

    deinit {
        let (isReadOver, isWriteOver) = self.state.withLock { ($0.readEnd != nil, $0.isWriteOver) }
        if !isWriteOver {
            self.base.reset(code: .none)
        } else if !isReadOver {
            if let lease = self.lease { lease.leave(self.base) } else { self.base.stopReading(code: .none) }
        }
    }

    /// Says that nothing more will be written; what was written is delivered. The peer can go on writing.
    public func closeWrite() async throws(LibP2PError) {
        try await self.writing.withLock { () async throws(LibP2PError) in try self.finish() }
    }

    /// Tells the peer that nothing more will be read, and drops what is there. What arrives later is dropped too.
    public func closeRead(_ code: StreamCode = .none) {
        let isNow = self.state.withLock { state -> Bool in
            state.buffer = []
            guard state.readEnd == nil else { return false }
            // Before the peer's answer is read, it might take this for a refusal of what we wrote (go-multistream #115).
            guard state.pending == nil else {
                state.stopCode = state.stopCode ?? code
                return false
            }
            state.readEnd = .failure(Self.readClosed)
            return true
        }
        if isNow { self.base.stopReading(code: code) }
    }

    /// Ends the stream in good order: what was written is delivered. What the peer still sends may be read; once the
    /// last handle goes, the rest is refused.
    ///
    /// Where the stream was opened lazily, it waits for the peer's answer, at most as long as a negotiation may take.
    public func close() async {
        try? await self.closeWrite()
        guard self.state.withLock({ $0.pending != nil }) else { return }
        try? await self.time.limit(self.deadline, for: "the peer's answer") { () async throws(LibP2PError) in
            try await self.reading.withLock { () async throws(LibP2PError) in try await self.finishNegotiation() }
        }
    }

    /// Gives both directions up; what has not arrived may be lost. The peer is told `code`.
    public func reset(_ code: StreamCode = .none) {
        self.state.withLock { state in
            state.buffer = []
            state.readEnd = .failure(LibP2PError(.streamEnded, "the stream was reset by this side with \(code)"))
            state.isWriteOver = true
        }
        self.base.reset(code: code)
    }

    /// Sets room for a message aside, until the lease goes; small ones fit what streams have anyway.
    func reserveMemory(_ count: Int) throws(LibP2PError) -> MemoryLease? {
        guard count > 65_536, let connection = self.connection else { return nil }
        return try self.lease?.reserveMemory(count, for: connection)
    }

    /// Reads the answer to a lazy offer, if there is one to come. To be called by who has ``reading``.
    func finishNegotiation() async throws(LibP2PError) {
        let (pending, failure) = self.state.withLock { ($0.pending, $0.failure) }
        if let failure { throw failure }
        guard var pending else { return }
        do throws(LibP2PError) {
            let (_, remainder) = try await Negotiation.finish(&pending, on: self.base)
            self.settle(remainder)
        } catch {
            // What was read so far is kept for who reads next.
            guard error.code != .cancelled else {
                self.state.withLock { [pending] in $0.pending = pending }
                throw error
            }
            let error = Negotiation.refusal(of: self.protocolID, by: error) ?? error
            self.state.withLock { state in
                state.pending = nil
                state.failure = error
            }
            self.reset(Negotiation.code(for: error))
            throw error
        }
    }

    /// The peer has taken the offer.
    private func settle(_ remainder: [UInt8]) {
        let stopCode = self.state.withLock { state -> StreamCode? in
            state.pending = nil
            if state.stopCode == nil {
                state.buffer = remainder[...]
            } else {
                state.readEnd = .failure(Self.readClosed)
            }
            return state.stopCode
        }
        if let stopCode { self.base.stopReading(code: stopCode) }
    }

    private static let readClosed = LibP2PError(.streamEnded, "reading was closed by this side")
}

extension LibP2PStream: DuplexStream {
    /// See ``closeWrite()``; does not wait for writes of other tasks.
    func finish() throws(LibP2PError) {
        guard !self.state.withLock({ $0.isWriteOver }) else { return }
        try self.base.finish()
        self.state.withLock { $0.isWriteOver = true }
    }

    func stopReading(code: StreamCode) { self.closeRead(code) }

    func reset(code: StreamCode) { self.reset(code) }
}

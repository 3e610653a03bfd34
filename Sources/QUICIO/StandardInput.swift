internal import Glibc
internal import Synchronization

/// What comes in on the process's standard input, whatever it is: a terminal, a pipe, a file.
///
///     for try await piece in StandardInput.shared {
///         try await stream.write(piece)
///     }
///
/// A thread of its own reads, and waits there, so that no task does. It is started with the first call of `next()`, and
/// reads no more than a few pieces ahead of whoever takes them. Ends with the input; throws an ``Errno`` where the system
/// refuses. A task that is cancelled while it waits goes on at once with a `CancellationError`, and loses nothing: what
/// arrives then is the next piece for the next caller.
public final class StandardInput: AsyncSequence, AsyncIteratorProtocol, Sendable {
    /// The input of this process.
    public static let shared = StandardInput(descriptor: STDIN_FILENO)

    private struct State {
        var isStarted = false
        var pieces: [[UInt8]] = []
        var end: Result<[UInt8]?, any Error>?
        var waiting: CheckedContinuation<[UInt8]?, any Error>?
    }

    private let descriptor: Int32
    private let pieceSize: Int
    private let state = Mutex(State())
    /// How many pieces may still be read ahead.
    private let room: ThreadSemaphore

    init(descriptor: Int32, pieceSize: Int = 65_536, ahead: UInt32 = 4) {
        self.descriptor = descriptor
        self.pieceSize = pieceSize
        self.room = ThreadSemaphore(ahead)
    }

    /// Whether a person types.
    public var isTerminal: Bool { isatty(self.descriptor) == 1 }

    /// The next bytes, as many as were there; nil at the end. One task at a time may wait: a second one gets an error.
    public func next() async throws -> [UInt8]? {
        self.start()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer = self.state.withLock { state -> Result<[UInt8]?, any Error>? in
                    if !state.pieces.isEmpty { return .success(state.pieces.removeFirst()) }
                    if let end = state.end { return end }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard state.waiting == nil else { return .failure(Errno(EBUSY)) }
                    state.waiting = continuation
                    return nil
                }
                guard let answer else { return }
                if case .success(_?) = answer { self.room.signal() }
                continuation.resume(with: answer)
            }
        } onCancel: {
            let waiting = self.state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume(throwing: CancellationError())
        }
    }

    /// The next bytes; nil at the end.
    public func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? { try await self.next() }

    /// Itself.
    public func makeAsyncIterator() -> StandardInput { self }

    private func start() {
        let isFirst = self.state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst, let error = LoopThread.tryStart(name: "tern-input", { self.readAll() }) else { return }
        self.deliver(.failure(error))
    }

    private func readAll() {
        while true {
            self.room.wait()
            let piece = self.readPiece()
            self.deliver(piece)
            guard case .success(_?) = piece else { return }
        }
    }

    private func readPiece() -> Result<[UInt8]?, any Error> {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: self.pieceSize) { buffer, filled in
            while true {
                let count = unsafe read(self.descriptor, buffer.baseAddress, buffer.count)
                if count >= 0 {
                    filled = count
                    return
                }
                switch errno {
                case EINTR: continue
                case EAGAIN: self.waitUntilReadable()
                default:
                    failure = Errno.last
                    return
                }
            }
        }
        if let failure { return .failure(failure) }
        return .success(bytes.isEmpty ? nil : bytes)
    }

    /// Whoever shares the descriptor may have made it non-blocking.
    private func waitUntilReadable() {
        var poll = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe Glibc.poll(&poll, 1, -1)
    }

    private func deliver(_ piece: Result<[UInt8]?, any Error>) {
        let waiting = self.state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            defer { state.waiting = nil }
            if case .success(let bytes?) = piece {
                if state.waiting == nil { state.pieces.append(bytes) }
            } else {
                state.end = piece
            }
            return state.waiting
        }
        guard let waiting else { return }
        if case .success(_?) = piece { self.room.signal() }
        waiting.resume(with: piece)
    }
}

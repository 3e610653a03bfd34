internal import Glibc
internal import Synchronization

/// Bytes to the process's standard output, in the order of the calls.
///
///     try await StandardOutput.shared.write(bytes)
///
/// A thread of its own writes, and waits there while the reader of a pipe is slow, so that no task does. A call returns
/// once the system has taken the bytes: who waits for each holds no more than one piece. Throws an ``Errno``, such as
/// ``Errno/brokenPipe`` when nobody reads any more. Cancelling the task does not take back what was handed over.
public final class StandardOutput: Sendable {
    /// The output of this process.
    public static let shared = StandardOutput(descriptor: STDOUT_FILENO)

    private struct Piece {
        var bytes: [UInt8]
        var continuation: CheckedContinuation<Errno?, Never>
    }

    private struct State {
        var isStarted = false
        var failure: Errno?
        var pieces: [Piece] = []
    }

    private let descriptor: Int32
    private let state = Mutex(State())
    private let work = ThreadSemaphore(0)

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Whether a person looks on.
    public var isTerminal: Bool { isatty(self.descriptor) == 1 }

    /// Writes all of the bytes. After a failure every later call fails in the same way.
    public func write(_ bytes: [UInt8]) async throws(Errno) {
        let failure = await withCheckedContinuation { continuation in
            let refusal = self.state.withLock { state -> Errno? in
                if state.failure == nil { state.pieces.append(Piece(bytes: bytes, continuation: continuation)) }
                return state.failure
            }
            if let refusal { return continuation.resume(returning: refusal) }
            self.start()
            self.work.signal()
        }
        if let failure { throw failure }
    }

    private func start() {
        let isFirst = self.state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        if isFirst { LoopThread.start(name: "tern-output") { self.writeAll() } }
    }

    private func writeAll() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGPIPE)
        // A reader that went away is an error of the call, not the end of the process.
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        while true {
            self.work.wait()
            guard let piece = self.state.withLock({ $0.pieces.isEmpty ? nil : $0.pieces.removeFirst() }) else {
                continue
            }
            let failure = self.state.withLock { $0.failure } ?? self.writeNow(piece.bytes)
            if let failure { self.state.withLock { $0.failure = failure } }
            piece.continuation.resume(returning: failure)
        }
    }

    private func writeNow(_ bytes: [UInt8]) -> Errno? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var poll = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe Glibc.poll(&poll, 1, -1)
            default: return Errno.last
            }
        }
        return nil
    }
}

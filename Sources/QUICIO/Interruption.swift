internal import Glibc
internal import Synchronization

/// Ctrl-C, a polite kill, and a terminal that goes away, as something to wait for.
///
///     Interruption.arm()
///     let signal = await Interruption.wait()
///
/// While nobody waits, such a signal ends the process; so does a second one, whoever waits.
public enum Interruption {
    private struct State {
        var arrived: Int32?
        var waiting: [UInt64: CheckedContinuation<Int32?, Never>] = [:]
        var next: UInt64 = 0
        /// Whether a command has said that it will look.
        var isExpected = false
    }

    private static let state = Mutex(State())
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// Where the handler writes the numbers of signals. Touched before the first signal can come, so that reading it in a
    /// handler starts nothing.
    private static let pipeEnd = Atomic<Int32>(-1)

    /// Takes the signals. The handler only writes a byte; a thread of its own reads it, and may call anything.
    public static func arm() {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.pipeEnd.store(ends[1], ordering: .sequentiallyConsistent)
        let source = ends[0]
        LoopThread.start(name: "tern-signals") {
            var number: UInt8 = 0
            while true {
                let count = unsafe read(source, &number, 1)
                if count < 0, errno == EINTR { continue }
                guard count == 1 else { return }
                self.deliver(Int32(number))
            }
        }
        for number in self.signals {
            var action = sigaction()
            // Whoever started us in the background may have said that Ctrl-C is not for us.
            guard unsafe sigaction(number, nil, &action) == 0, !Self.isIgnored(action) else { continue }
            action = sigaction()
            unsafe action.__sigaction_handler.sa_handler = { number in
                let before = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = unsafe write(Interruption.pipeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
                errno = before
            }
            action.sa_flags = SA_RESTART
            _ = unsafe sigaction(number, &action, nil)
        }
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// The number of the signal that arrived, or that arrives; nil where the task was cancelled first.
    public static func wait() async -> Int32? {
        let number = self.state.withLock { state in
            state.next += 1
            state.isExpected = true
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result: Int32?? = self.state.withLock { state in
                    if let arrived = state.arrived { return .some(arrived) }
                    if Task.isCancelled { return .some(nil) }
                    state.waiting[number] = continuation
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            self.state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: nil)
        }
    }

    private static func deliver(_ signal: Int32) {
        let waiting = self.state.withLock { state -> [CheckedContinuation<Int32?, Never>]? in
            guard state.isExpected, state.arrived == nil else { return nil }
            state.arrived = signal
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        guard let waiting else { Terminal.exit(128 + signal) }
        for continuation in waiting { continuation.resume(returning: signal) }
    }
}

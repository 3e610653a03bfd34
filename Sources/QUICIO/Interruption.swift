internal import Glibc
internal import Synchronization

/// Ctrl-C, a polite kill, and a terminal that goes away, as something to wait for.
///
///     Interruption.arm()  // before any other thread starts
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

    /// Takes the signals from all threads that are started from now on. A thread of its own waits for them: unlike a
    /// signal handler it may call anything.
    public static func arm() {
        var set = Self.makeSet()
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        LoopThread.start(name: "tern-signals") {
            var set = Self.makeSet()
            while true {
                var signal: Int32 = 0
                guard unsafe sigwait(&set, &signal) == 0 else { return }
                self.deliver(signal)
            }
        }
    }

    /// Whether a signal has arrived.
    public static var hasArrived: Bool { self.state.withLock { $0.arrived != nil } }

    /// Keeps the first signal for whoever waits later, instead of ending the process.
    public static func expect() { self.state.withLock { $0.isExpected = true } }

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

    private static func makeSet() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in self.signals { unsafe sigaddset(&set, signal) }
        return set
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

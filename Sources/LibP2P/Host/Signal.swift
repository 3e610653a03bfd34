internal import Synchronization

/// State under a lock, and the tasks that wait for it to change.
///
/// A task that is resumed carries no value: it looks at the state again. So nothing is lost when a wait is cancelled.
/// Nobody is resumed under the lock.
final class Signal<State: Sendable>: Sendable {
    private struct Guarded: Sendable {
        var state: State
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastTicket: UInt64 = 0
    }

    private let guarded: Mutex<Guarded>

    init(_ state: State) { self.guarded = Mutex(Guarded(state: state)) }

    /// How many tasks wait, for tests.
    var waiterCount: Int { self.guarded.withLock { $0.waiters.count } }

    /// Looks at the state, or changes it in a way that nobody waits for.
    func withLock<R: Sendable>(_ body: (inout State) -> R) -> R { self.guarded.withLock { body(&$0.state) } }

    /// Changes the state, and lets all who wait look at it.
    @discardableResult
    func update<R: Sendable>(_ body: (inout State) -> R) -> R {
        let (result, waiters) = self.guarded.withLock { guarded in
            let result = body(&guarded.state)
            let waiters = guarded.waiters
            guarded.waiters = [:]
            return (result, waiters)
        }
        for waiter in waiters.values { waiter.resume() }
        return result
    }

    /// Asks `attempt` until it has an answer, and waits between the questions. When the task is cancelled while it waits,
    /// this wait ends with ``LibP2PError/Code/cancelled`` and nothing else does.
    func wait<R: Sendable>(_ attempt: (inout State) -> R?) async throws(LibP2PError) -> R {
        while true {
            let ticket = self.guarded.withLock { guarded in
                guarded.lastTicket &+= 1
                return guarded.lastTicket
            }
            var result: R?
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isParked = self.guarded.withLock { guarded in
                        result = attempt(&guarded.state)
                        // The handler below may have run before there was anything to resume.
                        guard result == nil, !Task.isCancelled else { return false }
                        guarded.waiters[ticket] = continuation
                        return true
                    }
                    if !isParked { continuation.resume() }
                }
            } onCancel: {
                self.guarded.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
            }
            if let result { return result }
            if Task.isCancelled { throw LibP2PError(.cancelled, "the task was cancelled while it waited") }
        }
    }
}

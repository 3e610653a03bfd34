internal import Synchronization

/// State under a lock, and the tasks that wait for it to change: the one place where tasks of the application park.
///
/// A task that is resumed carries no value: it looks at the state again. So nothing is lost when a wait is cancelled.
/// Nobody is resumed under the lock.
final class Monitor<State: Sendable>: Sendable {
    private struct Guarded {
        var state: State
        var waiters: [Waiter] = []
        var nextTicket: UInt64 = 0
        /// How often the state changed in a way that is worth a look.
        var changes: UInt64 = 0
    }

    private struct Waiter {
        let ticket: UInt64
        let task: ParkedTask
    }

    private let guarded: Mutex<Guarded>
    private let ledger: Ledger

    init(_ state: State, _ ledger: Ledger) {
        self.guarded = Mutex(Guarded(state: state))
        self.ledger = ledger
    }

    /// Looks at the state, or changes it in a way that nobody waits for.
    func withLock<R: Sendable>(_ body: (inout State) -> R) -> R { self.guarded.withLock { body(&$0.state) } }

    /// Changes the state, and adds whoever waits to `wakes` where `body` says that it is worth a look.
    func update(_ wakes: inout Wakes, _ body: (inout State) -> Bool) {
        self.guarded.withLock { guarded in
            guard body(&guarded.state) else { return }
            guarded.changes &+= 1
            guard !guarded.waiters.isEmpty else { return }
            for waiter in guarded.waiters {
                self.ledger.unpark()
                wakes.add(waiter.task)
            }
            guarded.waiters.removeAll(keepingCapacity: true)
        }
    }

    /// Changes the state and wakes whoever waits.
    func update(_ body: (inout State) -> Bool) {
        var wakes = Wakes()
        self.update(&wakes, body)
        wakes.resumeAll()
    }

    /// Asks `attempt` until it has an answer, and waits between the questions. It is asked where the caller runs, always.
    ///
    /// When the task is cancelled while it waits, this wait ends with ``QUICError/Code/cancelled`` and nothing else does.
    nonisolated(nonsending) func wait<R: Sendable>(_ attempt: (inout State) -> R?) async throws(QUICError) -> R {
        while true {
            let (result, ticket, changes) = self.guarded.withLock { guarded in
                let result = attempt(&guarded.state)
                guarded.nextTicket &+= 1
                return (result, guarded.nextTicket, guarded.changes)
            }
            if let result { return result }
            if Task.isCancelled { throw .cancelled }
            // What is inside need not run where the caller does, so nothing of the caller's is asked there.
            await withTaskCancellationHandler {
                await ParkedTask.park { task in
                    // What changed since the question must not be slept over.
                    self.guarded.withLock { guarded in
                        guard guarded.changes == changes, !Task.isCancelled else { return false }
                        self.ledger.park()
                        guarded.waiters.append(Waiter(ticket: ticket, task: task))
                        return true
                    }
                }
            } onCancel: {
                self.cancel(ticket)
            }
        }
    }

    private func cancel(_ ticket: UInt64) {
        let waiter = self.guarded.withLock { guarded -> Waiter? in
            guard let index = guarded.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            self.ledger.unpark()
            return guarded.waiters.remove(at: index)
        }
        waiter?.task.resume()
    }
}

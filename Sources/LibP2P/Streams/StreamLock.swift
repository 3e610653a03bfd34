internal import Synchronization

/// Lets one task at a time through, in the order of their coming: for what takes several reads or writes that must not
/// mix with those of others.
final class StreamLock: Sendable {
    private struct State {
        var isHeld = false
        var nextTicket: UInt64 = 0
        /// Tasks that wait, the first to be served first; as many as use the stream at once.
        var waiters: [(ticket: UInt64, task: CheckedContinuation<Bool, Never>)] = []
    }

    private let state = Mutex(State())

    /// Runs `body` while nobody else does. Throws ``LibP2PError/Code/cancelled`` where the task is cancelled before.
    func withLock<Value>(_ body: () async throws(LibP2PError) -> Value) async throws(LibP2PError) -> Value {
        try await self.acquire()
        defer { self.release() }
        return try await body()
    }

    private func acquire() async throws(LibP2PError) {
        let ticket = self.state.withLock { state -> UInt64? in
            guard state.isHeld else {
                state.isHeld = true
                return nil
            }
            state.nextTicket &+= 1
            return state.nextTicket
        }
        guard let ticket else { return }
        let isMine = await withTaskCancellationHandler {
            await withCheckedContinuation { task in self.enqueue(ticket, task) }
        } onCancel: {
            self.cancel(ticket)
        }
        guard isMine else { throw LibP2PError(.cancelled, "the task was cancelled while it waited for the stream") }
    }

    private func enqueue(_ ticket: UInt64, _ task: CheckedContinuation<Bool, Never>) {
        let answer = self.state.withLock { state -> Bool? in
            // A cancellation before this moment found no waiter; one after it will.
            if Task.isCancelled { return false }
            guard state.isHeld else {
                state.isHeld = true
                return true
            }
            state.waiters.append((ticket, task))
            return nil
        }
        if let answer { task.resume(returning: answer) }
    }

    private func release() {
        let next = self.state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiters.isEmpty else {
                state.isHeld = false
                return nil
            }
            return state.waiters.removeFirst().task
        }
        next?.resume(returning: true)
    }

    private func cancel(_ ticket: UInt64) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let index = state.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.waiters.remove(at: index).task
        }
        waiter?.resume(returning: false)
    }
}

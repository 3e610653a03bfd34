internal import Synchronization

@testable internal import LibP2P

/// Wakes tasks that wait for something to become true.
final class Bell: Sendable {
    private struct State {
        var nextTicket = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Goes up with every ring, so that none is missed between looking and waiting.
        var rings = 0
    }

    private let state = Mutex(State())

    /// Has all that wait look again.
    func ring() {
        let waiters = self.state.withLock { state in
            state.rings += 1
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Asks until there is an answer.
    func wait<Value>(_ attempt: () -> Result<Value, LibP2PError>?) async throws(LibP2PError) -> Value {
        while true {
            let rings = self.state.withLock { $0.rings }
            if let result = attempt() { return try result.get() }
            if Task.isCancelled { throw LibP2PError(.cancelled, "cancelled") }
            await self.sleep(since: rings)
        }
    }

    private func sleep(since rings: Int) async {
        let ticket = self.state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isOver = self.state.withLock { state in
                    if state.rings != rings || Task.isCancelled { return true }
                    state.waiters[ticket] = waiter
                    return false
                }
                if isOver { waiter.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
        }
    }
}

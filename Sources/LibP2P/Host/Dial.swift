/// A dial under way, which everybody who wants the same peer waits for. It goes on as long as somebody waits.
final class Dial: Sendable {
    private struct State: Sendable {
        var waiters = 1
        var outcome: Result<LibP2PConnection, LibP2PError>?
    }

    private let state = Signal(State())

    /// Waits along with the others; false where the dial is over, or was given up already.
    func join() -> Bool {
        self.state.withLock { state in
            guard state.outcome == nil, state.waiters > 0 else { return false }
            state.waiters += 1
            return true
        }
    }

    /// What came of it. When the task is cancelled, only this wait ends.
    func wait() async throws(LibP2PError) -> LibP2PConnection {
        do throws(LibP2PError) {
            return try await self.state.wait { $0.outcome }.get()
        } catch {
            if error.code == .cancelled { self.state.update { $0.waiters -= 1 } }
            throw error
        }
    }

    /// Returns when nobody waits any more.
    func abandoned() async { try? await self.state.wait { $0.waiters <= 0 ? () : nil } }

    func settle(_ outcome: Result<LibP2PConnection, LibP2PError>) {
        self.state.update { state in state.outcome = state.outcome ?? outcome }
    }
}

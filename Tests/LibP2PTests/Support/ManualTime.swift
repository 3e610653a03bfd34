internal import Synchronization

@testable internal import LibP2P

/// Time that passes when a test says so.
final class ManualTime: Sendable {
    private struct State {
        var now = Duration.zero
        var alarms: [Duration] = []
    }

    private let state = Mutex(State())
    private let bell = Bell()

    /// The time as the library takes it.
    var source: TimeSource {
        TimeSource(now: { self.state.withLock { $0.now } }, sleep: { try await self.sleep($0) })
    }

    /// Waits until so many tasks sleep.
    func sleepers(_ count: Int = 1) async throws(LibP2PError) {
        try await self.bell.wait { self.state.withLock { $0.alarms.count >= count } ? .success(()) : nil }
    }

    /// Waits until a task sleeps for exactly so long from now on.
    func sleepers(until duration: Duration) async throws(LibP2PError) {
        try await self.bell.wait {
            self.state.withLock { $0.alarms.contains($0.now + duration) ? .success(()) : nil }
        }
    }

    /// Lets time pass.
    func advance(by duration: Duration) {
        self.state.withLock { $0.now += duration }
        self.bell.ring()
    }

    private func sleep(_ duration: Duration) async throws {
        let alarm = self.state.withLock { state in
            state.alarms.append(state.now + duration)
            return state.now + duration
        }
        self.bell.ring()
        defer {
            self.state.withLock { state in
                if let index = state.alarms.firstIndex(of: alarm) { state.alarms.remove(at: index) }
            }
        }
        try await self.bell.wait { self.state.withLock { $0.now >= alarm } ? .success(()) : nil }
    }
}

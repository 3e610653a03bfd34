internal import Synchronization

@testable internal import LibP2P

/// Tells how many tasks were somewhere at once.
final class Crowd: Sendable {
    private let state = Mutex((now: 0, most: 0))
    private let bell = Bell()

    /// The most at once.
    var most: Int { self.state.withLock { $0.most } }

    /// Comes, waits until so many have been here at once, and goes.
    func visit(gathering count: Int) async throws(LibP2PError) {
        self.state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
        self.bell.ring()
        defer { self.state.withLock { $0.now -= 1 } }
        try await self.bell.wait { self.most >= count ? .success(()) : nil }
    }
}

import QUIC
import Testing

/// Gives other tasks their turn until `condition` holds. Suites that use it have a time limit, which ends what never comes
/// about.
func until(_ condition: () async -> Bool) async throws {
    while await !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}

extension QUICEndpoint {
    /// Returns once `count` tasks, or more, wait for something of this endpoint.
    func untilWaiting(_ count: Int) async throws { try await until { await self.use().waitingTasks >= count } }
}

/// The error that `body` ends with, where it is one of Tern's.
func failure(_ body: () async throws -> Void) async -> QUICError? {
    var caught: QUICError?
    do {
        try await body()
    } catch {
        caught = error as? QUICError
    }
    return caught
}

/// Cancels `body` once it waits, and expects that it says so.
func expectCancellable(
    _ name: String, on endpoint: QUICEndpoint, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: @escaping @Sendable () async throws -> Void
) async throws {
    let before = await endpoint.use().waitingTasks
    let task = Task { try await body() }
    try await endpoint.untilWaiting(before + 1)
    task.cancel()
    let error = await failure { try await task.value }
    #expect(error?.code == .cancelled, "\(name): \(String(describing: error))", sourceLocation: sourceLocation)
    #expect(await endpoint.use().waitingTasks == before, "\(name)", sourceLocation: sourceLocation)
}

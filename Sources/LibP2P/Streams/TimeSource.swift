/// Where time comes from, so that tests can turn the hands of the clock.
struct TimeSource: Sendable {
    /// How long it is since some moment, which stays the same.
    let now: @Sendable () -> Duration
    /// Waits. Throws where the task is cancelled before.
    let sleep: @Sendable (Duration) async throws -> Void

    /// The system's monotonic clock.
    static let continuous = TimeSource(ContinuousClock())
}

extension TimeSource {
    /// Takes time from a clock.
    init<Source: Clock>(_ clock: Source) where Source.Duration == Duration {
        let start = clock.now
        self.now = { start.duration(to: clock.now) }
        self.sleep = { duration in try await clock.sleep(for: duration) }
    }

    /// Does something that must be done after `limit`; it is cancelled then, and the error says that `what` took too
    /// long.
    func limit<Value: Sendable>(
        _ limit: Duration, for what: String,
        _ body: @escaping @Sendable () async throws(LibP2PError) -> Value
    ) async throws(LibP2PError) -> Value {
        let result = await withTaskGroup(of: Result<Value, LibP2PError>?.self) { group -> Result<Value, LibP2PError>? in
            group.addTask {
                do throws(LibP2PError) { return .success(try await body()) } catch { return .failure(error) }
            }
            group.addTask {
                try? await self.sleep(limit)
                return nil
            }
            // nil is the alarm, or, where the whole task is cancelled, the end of an alarm that nobody waits for.
            if let first = await group.next() ?? nil {
                group.cancelAll()
                return first
            }
            let isLate = !Task.isCancelled
            group.cancelAll()
            let last = await group.next() ?? nil
            // What was done at the very last moment is not thrown away.
            if case .success? = last { return last }
            return isLate ? .failure(LibP2PError(.timedOut, "\(what) took longer than \(limit)")) : last
        }
        guard let result else { throw LibP2PError(.cancelled, "the task was cancelled while it waited") }
        return try result.get()
    }
}

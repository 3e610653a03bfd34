/// A step took longer than it may.
struct StepTimeout: Error, CustomStringConvertible {
    let limit: Duration
    var description: String { "nothing came of it within \(self.limit.text)" }
}

/// Bounds on how long a step takes.
enum TimeLimit {
    /// Runs `body`, and cancels it where it takes longer than `limit`.
    static func run<R: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw StepTimeout(limit: limit)
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw StepTimeout(limit: limit) }
            return result
        }
    }
}

import QUIC
import QUICIO

extension Interruption {
    /// What a shell reports of a command that Ctrl-C ended.
    static let exitCode: Int32 = 130

    /// Runs `body`, which Ctrl-C, a polite kill and a closed terminal cancel. Returns whether one of them came.
    static func cancels(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return false
            }
            group.addTask { await self.wait() != nil }
            let wasInterrupted = try await group.next() ?? false
            group.cancelAll()
            // What it says of being cancelled is of no interest, what it did before is in the caller's hands.
            while let _ = await group.nextResult() {}
            return wasInterrupted
        }
    }
}

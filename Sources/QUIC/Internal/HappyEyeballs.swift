/// Tries several candidates, each a little after the one before or as soon as that one fails (RFC 8305 §5).
enum HappyEyeballs {
    private enum Report<Winner: Sendable>: Sendable {
        case won(Winner)
        case lost(Int, QUICError)
        case timeIsUp
    }

    static func race<Candidate: Sendable, Winner: Sendable>(
        _ candidates: [Candidate], delay: Duration,
        _ attempt: @escaping @Sendable (Candidate) async throws(QUICError) -> Winner
    ) async throws(QUICError) -> Winner {
        let outcome = await withTaskGroup(of: Report<Winner>.self) { group -> Result<Winner, QUICError> in
            var failures: [Int: QUICError] = [:]
            var started = 0
            var winner: Winner?
            func start() {
                guard started < candidates.count else { return }
                let index = started
                started += 1
                group.addTask {
                    do throws(QUICError) { return .won(try await attempt(candidates[index])) } catch {
                        return .lost(index, error)
                    }
                }
                guard started < candidates.count else { return }
                group.addTask {
                    try? await Task.sleep(for: delay)
                    return .timeIsUp
                }
            }
            start()
            while let report = await group.next() {
                switch report {
                case .won(let connection):
                    // A second winner comes too late.
                    if winner == nil { winner = connection } else { Self.discard(connection) }
                    group.cancelAll()
                case .lost(let index, let error):
                    failures[index] = error
                    if winner == nil, !Task.isCancelled { start() }
                    if failures.count == candidates.count { group.cancelAll() }
                case .timeIsUp:
                    if winner == nil, !Task.isCancelled { start() }
                }
            }
            if let winner { return .success(winner) }
            if Task.isCancelled { return .failure(.cancelled) }
            return .failure(Self.summary(failures.sorted { $0.key < $1.key }.map(\.value)))
        }
        return try outcome.get()
    }

    private static func discard(_ winner: some Sendable) { (winner as? QUICConnection)?.close() }

    /// One failure is itself; of several the first decides, and the text names them all.
    private static func summary(_ failures: [QUICError]) -> QUICError {
        guard let first = failures.first else { return QUICError(.nameNotResolved, "the name has no address") }
        let reasons = Set(failures.map(\.reason))
        guard reasons.count > 1 else { return first }
        let texts = failures.map(\.reason).joined(separator: "; ")
        return first.withReason("none of \(failures.count) addresses could be reached: \(texts)")
    }
}

/// Tries addresses side by side, each after its delay or as soon as all that were begun have failed. The first that
/// succeeds wins; the other attempts are cancelled.
enum DialRace {
    private enum Report<Winner: Sendable>: Sendable {
        case won(Winner)
        case lost(Multiaddress, LibP2PError)
        case timeIsUp
    }

    static func run<Winner: Sendable>(
        _ candidates: [RankedAddress], time: TimeSource = .continuous,
        _ attempt: @escaping @Sendable (Multiaddress) async throws(LibP2PError) -> Winner
    ) async throws(LibP2PError) -> Winner {
        let outcome = await withTaskGroup(of: Report<Winner>.self) { group -> Result<Winner, LibP2PError> in
            var failures: [(Multiaddress, LibP2PError)] = []
            var started = 0
            var winner: Winner?
            let begin = time.now()
            func start() {
                guard started < candidates.count else { return }
                let address = candidates[started].address
                started += 1
                group.addTask {
                    do throws(LibP2PError) { return .won(try await attempt(address)) } catch {
                        return .lost(address, error)
                    }
                }
                guard started < candidates.count else { return }
                let wait = candidates[started].delay - (time.now() - begin)
                group.addTask {
                    if wait > .zero { try? await time.sleep(wait) }
                    return .timeIsUp
                }
            }
            start()
            while let report = await group.next() {
                switch report {
                case .won(let connection):
                    // A second winner is a good connection too: it stays in the books, and the host sorts it out.
                    winner = winner ?? connection
                    group.cancelAll()
                case .lost(let address, let error):
                    failures.append((address, error))
                    if winner == nil, !Task.isCancelled, failures.count == started { start() }
                    if failures.count == candidates.count { group.cancelAll() }
                case .timeIsUp:
                    let isDue = started < candidates.count && candidates[started].delay <= time.now() - begin
                    if winner == nil, !Task.isCancelled, isDue { start() }
                }
            }
            if let winner { return .success(winner) }
            if Task.isCancelled { return .failure(LibP2PError(.cancelled, "the dial was cancelled")) }
            return .failure(Self.summary(failures))
        }
        return try outcome.get()
    }

    /// One failure is itself; of several the most telling decides, and the text names them all.
    private static func summary(_ failures: [(address: Multiaddress, error: LibP2PError)]) -> LibP2PError {
        let telling: [LibP2PError.Code] = [.wrongPeer, .handshakeRejected, .gated, .limitReached, .closed]
        let first =
            telling.lazy.compactMap { code in failures.first { $0.error.code == code } }.first ?? failures.first
        guard let first else { return LibP2PError(.noAddress, "there is no address to dial") }
        let text = failures.map { "\($0.address): \($0.error.description)" }.joined(separator: "; ")
        return LibP2PError(
            first.error.code, text, limit: first.error.limit, applicationCode: first.error.applicationCode,
            underlying: first.error.underlying)
    }
}

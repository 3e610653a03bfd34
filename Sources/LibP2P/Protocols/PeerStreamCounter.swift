internal import Synchronization

/// How many streams of one protocol each peer may have at once. It remembers only those that have one.
final class PeerStreamCounter: Sendable {
    private let limit: Int
    private let name: String
    private let counts = Mutex<[PeerID: Int]>([:])

    /// Allows `limit` streams of each peer; `name` is what the limit is called in errors.
    init(limit: Int, name: String) {
        self.limit = limit
        self.name = name
    }

    /// How many streams a peer has now.
    func count(of peer: PeerID) -> Int { self.counts.withLock { $0[peer] ?? 0 } }

    /// Runs `body` for a stream where the peer may have another one; otherwise the stream is reset, and the error names
    /// the limit.
    func admit(
        _ stream: LibP2PStream, _ body: () async throws(LibP2PError) -> Void
    ) async throws(LibP2PError) {
        guard self.enter(stream.peer) else {
            stream.reset(.resourceLimitExceeded)
            throw LibP2PError(
                .limitReached, "\(stream.peer) has \(self.limit) streams of \(stream.protocolID) already",
                limit: self.name)
        }
        defer { self.leave(stream.peer) }
        try await body()
    }

    private func enter(_ peer: PeerID) -> Bool {
        self.counts.withLock { counts in
            let count = counts[peer] ?? 0
            guard count < self.limit else { return false }
            counts[peer] = count + 1
            return true
        }
    }

    private func leave(_ peer: PeerID) {
        self.counts.withLock { counts in
            let count = counts[peer] ?? 0
            counts[peer] = count > 1 ? count - 1 : nil
        }
    }
}

/// Answers the pings of peers.
final class PingService: Sendable {
    private let counter = PeerStreamCounter(limit: Ping.maximumStreamCount, name: "ping streams per peer")
    private let time: TimeSource

    init(time: TimeSource = .continuous) { self.time = time }

    /// Serves one stream until the peer finishes or sends no pings any more.
    func serve(_ stream: LibP2PStream) async throws(LibP2PError) {
        try await self.counter.admit(stream) { () async throws(LibP2PError) in
            do throws(LibP2PError) {
                while try await self.answer(on: stream) {}
            } catch {
                // A peer that has nothing to ask is no fault.
                guard error.code == .timedOut else { throw error }
                stream.closeRead()
            }
        }
    }

    /// Answers one ping; false: there are no more. A peer that does not take the answers is one that does not ask.
    private func answer(on stream: LibP2PStream) async throws(LibP2PError) -> Bool {
        try await self.time.limit(Ping.idleTimeout, for: "the next ping") { () async throws(LibP2PError) in
            guard let ping = try await stream.readBlock(Ping.byteCount) else { return false }
            try await stream.write(ping)
            return true
        }
    }
}

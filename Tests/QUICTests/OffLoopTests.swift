import QUIC
import QUICIO
import Synchronization
import Testing

/// What handlers do costs no change of threads.
@Suite("Jobs from other threads", .timeLimit(.minutes(5)))
struct OffLoopTests {
    /// Sends message after message on one stream, each when the last has come back whole.
    final class Asker: QUICConnectionHandler, Sendable {
        private struct State {
            var stream: StreamID?
            var left = 0
            var missing = 0
            var jobs: (first: Int, last: Int)?
            var asker: CheckedContinuation<Void, Never>?
        }

        static let message = [UInt8].pattern(300)
        private let state = Mutex(State())
        private let count: @Sendable () -> Int

        /// `count` is read on the loop, before the first message and after the last.
        init(count: @escaping @Sendable () -> Int) { self.count = count }

        var jobs: (first: Int, last: Int)? { self.state.withLock { $0.jobs } }
        var unanswered: Int { self.state.withLock { $0.left } }

        /// Begins, and returns when the last message has come back.
        func ask(_ times: Int, on connection: isolated QUICConnection) async {
            await withCheckedContinuation { continuation in
                let stream = connection.open()
                self.state.withLock {
                    $0.stream = stream
                    $0.left = times
                    $0.jobs = (self.count(), -1)
                    $0.asker = continuation
                }
                self.send(connection)
            }
        }

        func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
            var count = 0
            while let chunk = connection.readChunk(stream) { count += chunk.count }
            let isWhole = self.state.withLock { state in
                state.missing -= count
                guard state.missing == 0, state.left > 0 else { return false }
                state.left -= 1
                return true
            }
            if isWhole { self.send(connection) }
        }

        func closed(_ error: QUICError, on connection: isolated QUICConnection) { self.end() }

        private func send(_ connection: isolated QUICConnection) {
            let stream = self.state.withLock { state in
                state.missing = Self.message.count
                return state.left > 0 ? state.stream : nil
            }
            guard let stream else { return self.end() }
            _ = try? connection.write(Self.message.span.bytes, to: stream)
        }

        private func end() {
            let asker = self.state.withLock { state in
                if let jobs = state.jobs, jobs.last < 0 { state.jobs = (jobs.first, self.count()) }
                defer { state.asker = nil }
                return state.asker
            }
            asker?.resume()
        }
    }

    @Test("a thousand messages between handlers hand nothing to either loop from another thread; a task's call does")
    func handlers() async throws {
        // Loops of their own: other tests use the shared ones at the same time.
        let (serverLoop, clientLoop) = (EventLoop(name: "test-server"), EventLoop(name: "test-client"))
        try await EndpointPair.run { options in
            options.serverEndpoint.loop = serverLoop
            options.clientEndpoint.loop = clientLoop
            options.server = { $0.handler = { _ in EchoHandler() } }
        } _: { pair in
            let asker = Asker {
                clientLoop.statistics.jobsFromElsewhere + serverLoop.statistics.jobsFromElsewhere
            }
            let client = try await pair.client.connect(
                to: pair.address, pair.clientConfiguration { $0.handler = { _ in asker } })
            try await client.handshakeConfirmed()
            await asker.ask(1_000, on: client)
            let jobs = try #require(asker.jobs)
            #expect(asker.unanswered == 0)
            #expect(jobs.last - jobs.first == 0)
            let before = pair.client.jobsFromElsewhere
            _ = await client.statistics()
            #expect(pair.client.jobsFromElsewhere > before)
        }
    }
}

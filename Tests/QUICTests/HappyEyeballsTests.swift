import Synchronization
import Testing

@testable import QUIC

@Suite("Happy Eyeballs", .timeLimit(.minutes(5)))
struct HappyEyeballsTests {
    static let refused = QUICError(.connectionRefused, "refused")

    /// Waits until its task is cancelled.
    @Sendable static func wait() async throws(QUICError) -> Int {
        try? await Task.sleep(for: .seconds(3_600))
        throw .cancelled
    }

    @Test("the first that answers wins, and the attempts that wait are ended")
    func silentFirst() async throws {
        let winner = try await HappyEyeballs.race([0, 1, 2], delay: .zero) { number throws(QUICError) in
            number == 1 ? 1 : try await Self.wait()
        }
        #expect(winner == 1)
    }

    @Test("a failure starts the next at once, without waiting for its turn")
    func failureFirst() async throws {
        let winner = try await HappyEyeballs.race([0, 1, 2], delay: .seconds(3_600)) { number throws(QUICError) in
            if number < 2 { throw Self.refused }
            return number
        }
        #expect(winner == 2)
    }

    @Test("while the first may still answer, no other is tried")
    func patience() async throws {
        let tried = Mutex<[Int]>([])
        let winner = try await HappyEyeballs.race([0, 1], delay: .seconds(3_600)) { number throws(QUICError) in
            tried.withLock { $0.append(number) }
            return number
        }
        #expect(winner == 0)
        #expect(tried.withLock { $0 } == [0])
    }

    @Test("where all fail the first failure decides, and the text names them all")
    func allFail() async throws {
        let error = await failure {
            _ = try await HappyEyeballs.race([0, 1], delay: .zero) { number throws(QUICError) -> Int in
                throw QUICError(number == 0 ? .handshakeTimeout : .connectionRefused, "reason \(number)")
            }
        }
        #expect(error?.code == .handshakeTimeout)
        #expect(error?.reason.contains("reason 0; reason 1") == true)
        let none = await failure { _ = try await HappyEyeballs.race([Int](), delay: .zero) { $0 } }
        #expect(none?.code == .nameNotResolved)
    }

    @Test("cancelling ends all attempts")
    func cancelled() async throws {
        let started = Mutex(0)
        let race = Task {
            try await HappyEyeballs.race([0, 1, 2], delay: .zero) { _ throws(QUICError) -> Int in
                started.withLock { $0 += 1 }
                return try await Self.wait()
            }
        }
        try await until { started.withLock { $0 } == 3 }
        race.cancel()
        #expect(await failure { _ = try await race.value }?.code == .cancelled)
    }

    @Test("localhost is found where the server has IPv4 only")
    func localhost() async throws {
        try await EndpointPair.run { pair in
            let endpoint = try await QUICEndpoint.bind()
            func call() async throws {
                let configuration = pair.clientConfiguration {
                    $0.attemptDelay = .zero
                    $0.tls.serverName = "localhost"
                }
                let client = try await endpoint.connect(to: "localhost", port: pair.address.port, configuration)
                #expect(client.remoteAddress.host == "127.0.0.1")
            }
            try await call()
            await endpoint.shutdown(deadline: .zero)
            #expect(await endpoint.use() == .none)
        }
    }
}

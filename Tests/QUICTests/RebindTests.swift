import Foundation
import QUIC
import Testing

@Suite("Addresses that change under a transfer", .serialized, .timeLimit(.minutes(5)))
struct RebindTests {
    /// How long addresses keep changing: 2 s, or TERN_REBIND_SECONDS.
    static let seconds = ProcessInfo.processInfo.environment["TERN_REBIND_SECONDS"].flatMap(Int.init) ?? 2

    /// Sends both ways until the time is over, and has `change` called every 50 ms meanwhile.
    static func exchange(
        _ pair: EndpointPair, _ client: QUICConnection, _ server: QUICConnection, change: () async throws -> Void
    ) async throws -> Int {
        let (mine, theirs) = try await pair.openStream(client, server)
        let echo = Task {
            while let chunk = try await theirs.readChunk() { try await theirs.write(chunk) }
            try theirs.finish()
        }
        let isOver = Task {
            let clock = ContinuousClock()
            let end = clock.now.advanced(by: .seconds(Self.seconds))
            var round = 0
            while clock.now < end {
                let bytes = [UInt8].pattern(20_000, seed: UInt64(round))
                try await mine.write(bytes)
                guard try await mine.readExactly(bytes.count) == bytes else { return -1 }
                round += 1
            }
            try mine.finish()
            return try await mine.read() == nil ? round : -1
        }
        var changes = 0
        let ticking = AsyncStream<Void> { continuation in
            let ticker = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(50))
                    continuation.yield()
                }
            }
            continuation.onTermination = { _ in ticker.cancel() }
            Task {
                _ = await isOver.result
                continuation.finish()
            }
        }
        for await _ in ticking {
            try await change()
            changes += 1
        }
        let rounds = try await isOver.value
        try await echo.value
        #expect(rounds > 0)
        return changes
    }

    @Test("rebinding the endpoint every 50 ms: the connection follows, and every byte comes back")
    func rebindingTheEndpoint() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            try await client.handshakeConfirmed()
            let changes = try await Self.exchange(pair, client, server) {
                try await pair.client.rebind(to: .loopback())
            }
            #expect(changes > 1)
            let local = await pair.client.localAddress
            try await pair.expectAlive(client, server)
            #expect(client.localAddress == local)
            try await until { server.remoteAddress == local }
        }
    }

    @Test("a NAT that changes the source port every 50 ms: the connection stays, and every byte comes back")
    func rebindingTheNAT() async throws {
        try await EndpointPair.run { pair in
            let forwarder = try Forwarder(to: pair.address)
            let forwarding = Task { await forwarder.run() }
            let client = try await pair.client.connect(to: forwarder.address, pair.clientConfiguration())
            let server = try #require(try await pair.server.accept())
            let before = server.remoteAddress
            let changes = try await Self.exchange(pair, client, server) { try forwarder.rebind() }
            #expect(changes > 1)
            #expect(server.remoteAddress != before)
            #expect(client.closeError == nil && server.closeError == nil)
            client.close()
            _ = try await server.closed()
            forwarding.cancel()
            await forwarding.value
        }
    }

    @Test("an endpoint with several shards can't be rebound, and says so")
    func shards() async throws {
        let endpoint = try await QUICEndpoint.bind(to: .loopback(), configuration: .defaults { $0.shards = 2 })
        #expect(await failure { try await endpoint.rebind(to: .loopback()) }?.code == .refused)
        await endpoint.close()
    }
}

import QUICIO
import Testing

@testable import QUIC

@Suite("What outlives a restart in files", .timeLimit(.minutes(5)))
struct RestartTests {
    private static var now: Int64 { Int64(WallClock.now() / 1_000_000_000) }

    /// Makes a server with a replay memory in the folder's file, and gives both up again.
    private static func withServer<R>(
        _ pair: EndpointPair, _ folder: FileReplayMemoryTests.Folder, _ keys: EndpointKeys,
        at address: NetworkAddress = .loopback(), now: Int64, _ body: (QUICEndpoint) async throws -> R
    ) async throws -> R {
        var server = pair.serverConfiguration
        server.tls.earlyData = try ReplayProtection(
            memory: folder.open(now: now), memorySurvivesRestart: true)
        let endpoint = try await QUICEndpoint.listen(
            on: address, server, configuration: .defaults { $0.keys = keys })
        do {
            let result = try await body(endpoint)
            await endpoint.shutdown(deadline: .zero)
            return result
        } catch {
            await endpoint.close()
            throw error
        }
    }

    /// Leaves a ticket in `store`.
    private static func visit(
        _ endpoint: QUICEndpoint, at address: NetworkAddress, _ configuration: QUICClientConfiguration
    ) async throws {
        let client = try await endpoint.connect(to: address, configuration)
        #expect(client.handshakeSummary?.isResumed == false)
        for try await event in client.events { if case .ticketReceived = event { break } }
        client.close()
        _ = try await client.closed()
    }

    @Test("a client that starts again resumes the session that its file keeps")
    func clientStartsAgain() async throws {
        let folder = try FileReplayMemoryTests.Folder()
        let file = "\(folder.path)/tickets"
        try await EndpointPair.run { pair in
            try await Self.visit(
                pair.client, at: pair.address, pair.clientConfiguration { $0.sessions = FileStore(path: file) })
            let first = try #require(try await pair.server.accept())
            _ = try await first.closed()
            // The file alone connects the two: another endpoint, another store.
            let store = FileStore(path: file)
            let next = try await QUICEndpoint.bind(to: .loopback())
            let client = try await next.connect(to: pair.address, pair.clientConfiguration { $0.sessions = store })
            let server = try #require(try await pair.server.accept())
            #expect(client.handshakeSummary?.isResumed == true)
            #expect(server.handshakeSummary?.isResumed == true)
            try await pair.expectAlive(client, server)
            client.close()
            await next.shutdown(deadline: .seconds(1))
        }
    }

    @Test("a server that starts again with the same keys and the file of its replay memory takes 0-RTT data")
    func serverStartsAgain() async throws {
        let (folder, keys, store) = (try FileReplayMemoryTests.Folder(), try EndpointKeys.random(), MemoryStore())
        try await EndpointPair.run { pair in
            // The file is older than the ticket: what came before it was made would be refused.
            let address = try await Self.withServer(pair, folder, keys, now: Self.now - 60) { server in
                let address = await server.localAddress
                try await Self.visit(pair.client, at: address, pair.clientConfiguration { $0.sessions = store })
                return address
            }
            try await Self.withServer(pair, folder, keys, at: address, now: Self.now) { next in
                let configuration = pair.clientConfiguration {
                    $0.sessions = store
                    $0.tls.sendsEarlyData = true
                }
                var early: QUICStream?
                let client = try await pair.client.begin(to: address, configuration) { client in
                    let stream = try await client.openStream()
                    try await stream.write("early")
                    early = stream
                }
                let stream = try #require(early)
                #expect(stream.isEarly)
                try stream.finish()
                let server = try #require(try await next.accept())
                let accepted = try await server.acceptStream()
                #expect(accepted.isEarly)
                #expect(try await accepted.readToEnd(limit: 10) == Array("early".utf8))
                #expect(try await client.earlyDataAccepted())
                #expect(client.handshakeSummary?.isResumed == true)
            }
        }
    }

    @Test("a server that starts again with the same keys and an empty replay memory refuses 0-RTT data only")
    func memoryIsLost() async throws {
        let (keys, store) = (try EndpointKeys.random(), MemoryStore())
        let (folder, other) = (try FileReplayMemoryTests.Folder(), try FileReplayMemoryTests.Folder())
        try await EndpointPair.run { pair in
            let address = try await Self.withServer(pair, folder, keys, now: Self.now - 60) { server in
                let address = await server.localAddress
                try await Self.visit(pair.client, at: address, pair.clientConfiguration { $0.sessions = store })
                return address
            }
            // Made after the ticket, by more than the clocks' seconds.
            try await Self.withServer(pair, other, keys, at: address, now: Self.now + 60) { next in
                let configuration = pair.clientConfiguration {
                    $0.sessions = store
                    $0.tls.sendsEarlyData = true
                }
                let client = try await pair.client.begin(to: address, configuration)
                #expect(try await client.earlyDataAccepted() == false)
                #expect(client.handshakeSummary?.isResumed == true)
                _ = try await next.accept()
            }
        }
    }
}

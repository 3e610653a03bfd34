import QUIC
import Testing

@Suite("Ending streams", .timeLimit(.minutes(5)))
struct StreamEndingTests {
    /// STOP_SENDING travels by itself: writing goes well until it has arrived.
    static func writeUntilStopped(_ stream: QUICStream) async -> QUICError? {
        await failure {
            while true {
                try await stream.write([1])
                await Task.yield()
            }
        }
    }

    @Test("one direction can be over while the other goes on")
    func halfClose() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            try client.finish()
            #expect(try await server.read() == nil)
            for number in 0..<10 as Range<UInt8> {
                try await server.write([number])
                #expect(try await client.readExactly(1) == [number])
            }
            try server.finish()
            #expect(try await client.read() == nil)
        }
    }

    @Test("a reset is seen by the reader with its code, by one who waits and by one who comes later")
    func reset() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let reading = Task { try await server.readToEnd(limit: 100) }
            try await pair.server.untilWaiting(1)
            client.reset(code: 77)
            let error = await failure { _ = try await reading.value }
            #expect(error?.code == .streamReset)
            #expect(error?.applicationCode == 77)
            let later = await failure { _ = try await server.readChunk() }
            #expect(later?.applicationCode == 77)
            #expect(await failure { try await client.write("x") }?.code == .streamEnded)
            #expect(await failure { try await client.acknowledged() }?.code == .streamEnded)
            // Their direction is their own affair.
            try await server.write("still")
            try server.finish()
            #expect(try await client.readToEnd(limit: 10) == Array("still".utf8))
        }
    }

    @Test("stopSending is seen by the writer with its code, by one who waits and by one who comes later")
    func stopSending() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let writing = Task { try await client.write([UInt8](repeating: 1, count: 8 << 20)) }
            try await pair.client.untilWaiting(1)
            server.stopSending(code: 99)
            let error = await failure { try await writing.value }
            #expect(error?.code == .streamStopped)
            #expect(error?.applicationCode == 99)
            #expect(await failure { try await client.write("x") }?.applicationCode == 99)
            #expect(await failure { try client.finish() }?.applicationCode == 99)
            #expect(await failure { try await client.acknowledged() }?.applicationCode == 99)
            #expect(await failure { _ = try await server.read() }?.code == .streamEnded)
            try await server.write("still")
            try server.finish()
            #expect(try await client.readToEnd(limit: 10) == Array("still".utf8))
        }
    }

    @Test("abort ends both directions with one code")
    func abort() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            client.abort(code: 5)
            #expect(await failure { _ = try await server.read() }?.applicationCode == 5)
            let error = await Self.writeUntilStopped(server)
            #expect(error?.code == .streamStopped)
            #expect(error?.applicationCode == 5)
        }
    }

    @Test("a unidirectional stream carries bytes one way, whoever opens it")
    func unidirectional() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            for (opener, acceptor) in [(client, server), (server, client)] {
                let stream = try await opener.openStream(.unidirectional)
                #expect(!stream.isBidirectional)
                try await stream.write("one way")
                try stream.finish()
                let accepted = try await acceptor.acceptStream(.unidirectional)
                #expect(accepted.id == stream.id)
                #expect(await failure { _ = try await stream.read() }?.code == .refused)
                #expect(await failure { try await accepted.write("x") }?.code == .refused)
                #expect(await failure { try accepted.finish() }?.code == .refused)
                #expect(await failure { try await accepted.acknowledged() }?.code == .refused)
                #expect(try await accepted.readToEnd(limit: 100) == Array("one way".utf8))
                try await stream.acknowledged()
            }
        }
    }

    @Test("streams are accepted by direction, and in their order within one")
    func acceptByDirection() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            var opened: [QUICStream] = []
            for direction in [StreamDirection.bidirectional, .unidirectional, .bidirectional, .unidirectional] {
                let stream = try await client.openStream(direction)
                try await stream.write([1])
                opened.append(stream)
            }
            let second = try await server.acceptStream(.unidirectional)
            let fourth = try await server.acceptStream(.unidirectional)
            let first = try await server.acceptStream()
            let third = try await server.acceptStream(.bidirectional)
            #expect([first, second, third, fourth].map(\.id) == opened.map(\.id))
        }
    }

    @Test("a handle that goes gives up what was not finished, and the peer is told")
    func dropped() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            func openAndDrop() async throws -> QUICStream {
                let (mine, theirs) = try await pair.openStream(client, server)
                try await mine.write("more")
                return theirs
            }
            let accepted = try await openAndDrop()
            #expect(await failure { _ = try await accepted.readToEnd(limit: 10) }?.code == .streamReset)
            let error = await Self.writeUntilStopped(accepted)
            #expect(error?.code == .streamStopped)
        }
    }

    @Test("a handle that goes after finish still delivers everything")
    func droppedAfterFinish() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            func send() async throws {
                let stream = try await client.openStream(.unidirectional)
                try await stream.write([UInt8].pattern(200_000))
                try stream.finish()
            }
            try await send()
            #expect(try await server.acceptStream().readToEnd(limit: 200_000) == .pattern(200_000))
            try await until { await pair.client.use().streams == 0 }
        }
    }
}

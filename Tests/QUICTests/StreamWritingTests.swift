import QUIC
import Testing

@Suite("Writing streams", .timeLimit(.minutes(5)))
struct StreamWritingTests {
    @Test("many small writes keep their order")
    func smallWrites() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            async let received = server.readToEnd(limit: 1 << 20)
            var sent: [UInt8] = []
            for number in 0..<20_000 {
                let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 7)
                sent += piece
                try await client.write(piece)
            }
            try client.finish()
            #expect(client.bytesWritten == UInt64(sent.count + 1))
            #expect(try await received == sent)
        }
    }

    @Test("a stream without a byte has an end all the same")
    func emptyStream() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let stream = try await client.openStream()
            try await stream.write([])
            try stream.finish()
            let accepted = try await server.acceptStream()
            #expect(try await accepted.readToEnd(limit: 0) == [])
            try accepted.finish()
            #expect(try await stream.readToEnd(limit: 0) == [])
        }
    }

    @Test("finishing twice changes nothing; writing after it fails, and so does an empty write")
    func finishTwice() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            try client.finish()
            try client.finish()
            #expect(await failure { try await client.write("more") }?.code == .streamEnded)
            #expect(await failure { try await client.write([]) }?.code == .streamEnded)
            #expect(await failure { _ = try client.tryWrite([1].span.bytes) }?.code == .streamEnded)
            #expect(try await server.readToEnd(limit: 0) == [])
            // The other direction is open still.
            try await server.write("back")
            try server.finish()
            #expect(try await client.readToEnd(limit: 10) == Array("back".utf8))
        }
    }

    @Test("a writer waits while the peer does not read, and goes on when it does")
    func backPressure() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let size = 4 << 20
            let writing = Task {
                try await client.write([UInt8].pattern(size))
                try client.finish()
            }
            try await pair.client.untilWaiting(1)
            // What was taken is bounded by the windows and the buffer, not by what is offered.
            try await until { await client.connection.statistics().bytesInFlight == 0 }
            #expect(client.bytesWritten < 3 << 20)
            let got = try await server.readToEnd(limit: size)
            try await writing.value
            #expect(got == .pattern(size))
        }
    }

    @Test("acknowledged means that the peer's QUIC has all of it, finished or not")
    func acknowledged() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            try await client.write([UInt8].pattern(100_000))
            try await client.acknowledged()
            try await until { server.bytesAvailable == 100_000 }
            try await client.acknowledged()
            try await client.write("and the end")
            try client.finish()
            async let first: Void = client.acknowledged()
            async let second: Void = client.acknowledged()
            _ = try await (first, second)
            #expect(try await server.readToEnd(limit: 200_000).count == 100_011)
            try server.finish()
            #expect(try await client.readToEnd(limit: 0) == [])
            try await client.acknowledged()
        }
    }

    @Test("a piece that was read can be written to two streams, and more behind it")
    func chunksAreNotChanged() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let source = try await pair.openStream(client, server)
            try await source.client.write("common ")
            let chunk = try #require(try await source.server.readChunk())
            #expect(chunk.bytes == Array("common ".utf8))
            let first = try await pair.openStream(client, server)
            let second = try await pair.openStream(client, server)
            // On the loop nothing is taken out of the mailboxes between these calls.
            try await Task(executorPreference: pair.server.executor) {
                try await first.server.write(chunk)
                _ = try first.server.tryWrite(Array("first".utf8).span.bytes)
                try first.server.finish()
                try await second.server.write(chunk)
                _ = try second.server.tryWrite(Array("second".utf8).span.bytes)
                try second.server.finish()
            }.value
            #expect(chunk.bytes == Array("common ".utf8))
            #expect(try await first.client.readToEnd(limit: 100) == Array("common first".utf8))
            #expect(try await second.client.readToEnd(limit: 100) == Array("common second".utf8))
        }
    }

    @Test("of several streams the more urgent is delivered first, also where it became so later")
    func priorities() async throws {
        try await EndpointPair.run { options in
            options.server = {
                $0.transport.flowControl.connectionWindow = 64 << 10
                $0.transport.flowControl.maximumConnectionWindow = 0
            }
        } _: { pair in
            let (client, server) = try await pair.connect()
            let background = try await client.openStream(priority: StreamPriority(urgency: 7))
            let urgent = try await client.openStream(priority: StreamPriority(urgency: 0))
            let changed = try await client.openStream(priority: StreamPriority(urgency: 7))
            changed.setPriority(StreamPriority(urgency: 0))
            let bytes = [UInt8](repeating: 1, count: 150_000)
            try await Task(executorPreference: pair.client.executor) {
                for stream in [background, urgent, changed] {
                    let count = try stream.tryWrite(bytes.span.bytes)
                    #expect(count == bytes.count)
                }
            }.value
            var first: [QUICStream] = []
            for _ in 0..<2 { first.append(try await server.acceptStream()) }
            // The third has not had a byte of the window while the others had something to send.
            #expect(Set(first.map(\.id)) == [urgent.id, changed.id])
            try await withThrowingDiscardingTaskGroup { group in
                for stream in first { group.addTask { _ = try await stream.readExactly(150_000) } }
            }
            let last = try await server.acceptStream()
            #expect(last.id == background.id)
            #expect(try await last.readExactly(150_000).count == 150_000)
        }
    }
}

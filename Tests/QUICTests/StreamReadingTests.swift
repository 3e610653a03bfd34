import QUIC
import Testing

@Suite("Reading streams", .timeLimit(.minutes(5)))
struct StreamReadingTests {
    @Test("every way of reading gets the bytes in order, and then the end")
    func waysOfReading() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let text = [UInt8].pattern(10_000)
            try await client.write(text)
            try client.finish()
            var got = try await server.readExactly(1_000)
            var buffer = [UInt8](repeating: 0, count: 500)
            let count = try await server.read(into: &buffer)
            got += buffer[..<count]
            #expect(buffer.count == 500)
            let some = try #require(try await server.read(maximum: 3))
            #expect(some.count <= 3)
            got += some
            try await until { server.bytesAvailable > 0 }
            let lent = server.withAvailableBytes { bytes in
                for index in 0..<min(10, bytes.byteCount) { got.append(bytes.byte(at: index)) }
                return min(10, bytes.byteCount)
            }
            #expect((lent ?? 0) > 0)
            #expect(server.withAvailableBytes { _ in 0 } == 0)
            let chunk = try #require(try await server.readChunk())
            got += chunk.bytes
            got += try await server.readToEnd(limit: 10_000)
            #expect(got == text)
            #expect(try await server.read() == nil)
            #expect(try await server.readChunk() == nil)
            #expect(try await server.read(into: &buffer) == 0)
            #expect(server.withAvailableBytes { _ in 0 } == nil)
            #expect(try await server.readToEnd(limit: 0) == [])
        }
    }

    @Test("bytes are lent one piece after the other, and the reader waits for those that are not here")
    func lending() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let text = [UInt8].pattern(300_000)
            async let reading = {
                var got: [UInt8] = []
                while let count = try await server.withNextBytes({ bytes in
                    for index in 0..<bytes.byteCount { got.append(bytes.byte(at: index)) }
                    return bytes.byteCount
                }) {
                    #expect(count > 0)
                }
                return got
            }()
            for start in stride(from: 0, to: text.count, by: 50_000) {
                try await client.write(text[start..<start + 50_000])
                try await client.acknowledged()
            }
            try client.finish()
            #expect(try await reading == text)
            #expect(try await server.withNextBytes { $0.byteCount } == nil)
        }
    }

    @Test("readExactly says so where the peer finishes early")
    func readExactlyTooShort() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            try await client.write("abc")
            try client.finish()
            let error = await failure { _ = try await server.readExactly(4) }
            #expect(error?.code == .streamEnded)
            #expect(error?.reason.contains("3 of 4") == true)
        }
    }

    @Test("readToEnd takes as many bytes as its limit, and not one more")
    func readToEndLimit() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let exact = try await pair.openStream(client, server)
            try await exact.client.write([UInt8](repeating: 1, count: 5_000))
            try exact.client.finish()
            #expect(try await exact.server.readToEnd(limit: 5_000).count == 5_000)
            let over = try await pair.openStream(client, server)
            try await over.client.write([UInt8](repeating: 1, count: 5_001))
            try over.client.finish()
            let error = await failure { _ = try await over.server.readToEnd(limit: 5_000) }
            #expect(error?.code == .limitReached)
        }
    }

    @Test("a stream is a sequence of pieces, and its halves can be given away")
    func sequenceAndHalves() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let (reader, writer) = (server.reader, client.writer)
            async let sum = reader.readToEnd(limit: 100_000)
            for _ in 0..<10 { try await writer.write([UInt8](repeating: 2, count: 1_000)) }
            try writer.finish()
            #expect(try await sum == [UInt8](repeating: 2, count: 10_000))
            try await server.write([UInt8].pattern(50_000))
            try server.finish()
            var got: [UInt8] = []
            for try await chunk in client { got += chunk.bytes }
            #expect(got == .pattern(50_000))
        }
    }

    @Test("several tasks that read one stream share its bytes, and all see the end")
    func manyReaders() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let total = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var count = 0
                        while let bytes = try await server.read(maximum: 700) { count += bytes.count }
                        return count
                    }
                }
                try await pair.server.untilWaiting(8)
                for _ in 0..<50 { try await client.write([UInt8](repeating: 9, count: 2_000)) }
                try client.finish()
                return try await group.reduce(0, +)
            }
            #expect(total == 100_000)
        }
    }

    @Test("a window that is read slowly stays open: a megabyte, a little at a time")
    func smallReads() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let text = [UInt8].pattern(1 << 20)
            async let writing: Void = {
                try await client.write(text)
                try client.finish()
            }()
            var got: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 333)
            while case let count = try await server.read(into: &buffer), count > 0 { got += buffer[..<count] }
            try await writing
            #expect(got == text)
        }
    }
}

internal import Testing

@testable internal import LibP2P

@Suite struct YamuxConnectionTests {
    private static func pair(seed: UInt64 = 1) -> (client: YamuxConnection, server: YamuxConnection) {
        let (left, right) = MemoryPipe.pair(seed: seed)
        return (YamuxConnection(.client, over: left), YamuxConnection(.server, over: right))
    }

    /// Answers every stream with what it says.
    private static func echo(_ server: YamuxConnection) async {
        await withDiscardingTaskGroup { group in
            while let stream = try? await server.acceptStream() {
                group.addTask {
                    while let bytes = try? await stream.read(maximum: 10_000) { try? await stream.write(bytes) }
                    try? stream.finish()
                }
            }
        }
    }

    @Test("Twenty streams at once bring back a megabyte each", arguments: [1, 2] as [UInt64])
    func echoes(seed: UInt64) async throws {
        let (client, server) = Self.pair(seed: seed)
        async let serving: Void = Self.echo(server)
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<20 as Range<UInt8> {
                group.addTask {
                    let stream = try await client.openStream()
                    let data = [UInt8](repeating: number, count: 1_000_000)
                    async let writing: Void = {
                        try await stream.write(data); try stream.finish()
                    }()
                    let answer = try await stream.readAll()
                    try await writing
                    #expect(answer == data, "seed \(seed)")
                }
            }
        }
        client.close(code: .none, reason: "")
        await serving
    }

    @Test("A close code reaches the other end, and ends whoever waits at both")
    func close() async throws {
        let (client, server) = Self.pair()
        let stream = try await client.openStream()
        let other = try await server.acceptStream()
        let reading = Task { try await stream.read(maximum: 1) }
        client.close(code: .garbageCollected, reason: "too many")
        client.close(code: .none, reason: "")
        #expect(await server.closed().applicationCode == ConnectionCode.garbageCollected.rawValue)
        #expect(await client.closed().applicationCode == ConnectionCode.garbageCollected.rawValue)
        await #expect(throws: LibP2PError.self) { _ = try await reading.value }
        await #expect(throws: LibP2PError.self) { _ = try await other.read(maximum: 1) }
        await #expect(throws: LibP2PError.self) { _ = try await server.acceptStream() }
        await #expect(throws: LibP2PError.self) { _ = try await client.openStream() }
    }

    @Test("A reset is seen with its code at the other end, by readers and writers")
    func reset() async throws {
        let (client, server) = Self.pair()
        let stream = try await client.openStream()
        try await stream.write([1])
        let other = try await server.acceptStream()
        #expect(try await other.read(maximum: 10) == [1])
        stream.reset(code: .rateLimited)
        let error = await #expect(throws: LibP2PError.self) { try await other.read(maximum: 1) }
        #expect(error?.code == .streamReset && error?.applicationCode == StreamCode.rateLimited.rawValue)
        await #expect(throws: LibP2PError.self) { try await other.write([1]) }
        #expect(throws: LibP2PError.self) { try other.finish() }
    }

    @Test("A stream that is dropped is reset; one whose direction has ended delivers what it wrote")
    func dropped() async throws {
        let (client, server) = Self.pair()
        var dropped: (any DuplexStream)? = try await client.openStream()
        try await dropped?.write([1, 2])
        // One that is reset before it is taken is never seen.
        let first = try await server.acceptStream()
        dropped = nil
        await #expect(throws: LibP2PError.self) { try await first.readAll() }
        do {
            let stream = try await client.openStream()
            try await stream.write([3, 4])
            try stream.finish()
        }
        #expect(try await server.acceptStream().readAll() == [3, 4])
    }

    @Test("A peer that goes away without a word ends the connection")
    func vanished() async throws {
        let (left, right) = MemoryPipe.pair()
        let client = YamuxConnection(.client, over: left)
        let stream = try await client.openStream()
        try right.finish()
        #expect(await client.closed().code == .closed)
        await #expect(throws: LibP2PError.self) { _ = try await stream.read(maximum: 1) }
    }

    @Test("A peer that breaks the rules is told so, and the error says it")
    func violation() async throws {
        let (left, right) = MemoryPipe.pair()
        let client = YamuxConnection(.client, over: left)
        try await right.write([1] + [UInt8](repeating: 0, count: 11))
        #expect(await client.closed().code == .protocolViolation)
        #expect(try await right.readAll().hex == "000300000000000000000001")
    }

    @Test("Whoever waits for a stream of the peer can be cancelled, and the connection goes on")
    func cancelled() async throws {
        let (client, server) = Self.pair()
        let waiting = Task { try await client.acceptStream() }
        waiting.cancel()
        let error = await #expect(throws: LibP2PError.self) { _ = try await waiting.value }
        #expect(error?.code == .cancelled)
        let stream = try await server.openStream()
        try await stream.write([9])
        #expect(try await client.acceptStream().read(maximum: 10) == [9])
    }
}

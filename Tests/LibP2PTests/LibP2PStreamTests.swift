internal import Testing

@testable internal import LibP2P

@Suite struct LibP2PStreamTests {
    private static let name: ProtocolID = "/test/1.0.0"

    private func pair(seed: UInt64 = 1, largestPiece: Int = 40) -> (LibP2PStream, PipeStream) {
        let (near, far) = PipeStream.pair(seed: seed, largestPiece: largestPiece)
        return (LibP2PStream(NegotiatedStream(protocolID: Self.name, base: near), peer: TestPeers.one), far)
    }

    // MARK: Reading

    @Test("Messages, frames and bytes come out as they went in, however they are cut", arguments: 1...12)
    func roundTrip(seed: Int) async throws {
        let (near, far) = PipeStream.pair(seed: UInt64(seed), largestPiece: seed * 7)
        let writer = LibP2PStream(NegotiatedStream(protocolID: Self.name, base: near), peer: TestPeers.one)
        let reader = LibP2PStream(NegotiatedStream(protocolID: Self.name, base: far), peer: TestPeers.two)
        var random = SplitMix64(seed: UInt64(seed))
        let parts = (0..<40).map { _ in
            [UInt8].random(count: Int.random(in: 0...300, using: &random), using: &random)
        }
        for (index, part) in parts.enumerated() {
            switch index % 3 {
            case 0: try await writer.writeMessage(part)
            case 1: try await writer.writeFrame(part)
            default: try await writer.write(part)
            }
        }
        try await writer.closeWrite()
        for (index, part) in parts.enumerated() {
            switch index % 3 {
            case 0: #expect(try await reader.readMessage(limit: 300) == part, "seed \(seed)")
            case 1: #expect(try await reader.readFrame(limit: 300) == part, "seed \(seed)")
            default: #expect(try await reader.readExactly(part.count) == part, "seed \(seed)")
            }
        }
        #expect(try await reader.readMessage(limit: 300) == nil)
        #expect(try await reader.readFrame(limit: 300) == nil)
        #expect(try await reader.read() == nil)
    }

    @Test("Lengths are written as varints in messages, as four bytes in frames")
    func lengths() async throws {
        let (stream, far) = self.pair()
        try await stream.writeMessage([UInt8](repeating: 1, count: 200))
        try await stream.writeFrame([2, 2])
        let bytes = far.incoming.history
        #expect(bytes.prefix(3) == [0xC8, 0x01, 1])
        #expect(bytes.suffix(6) == [0, 0, 0, 2, 2, 2])
    }

    private static let announced: [(String, [UInt8], Bool)] = [
        ("1 GiB as a varint", [0x80, 0x80, 0x80, 0x80, 0x04], false),
        ("63 bits as a varint", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], false),
        ("a varint that never ends", [UInt8](repeating: 0xFF, count: 64), false),
        ("one byte above the limit", [0x81, 0x08], false),
        ("1 GiB in four bytes", [0x40, 0, 0, 0], true), ("4 GiB in four bytes", [0xFF, 0xFF, 0xFF, 0xFF], true),
    ]

    @Test("A length above the limit is refused before anything of the message has come", arguments: announced)
    func tooLong(what: String, bytes: [UInt8], isFrame: Bool) async throws {
        let (stream, far) = self.pair()
        try await far.write(bytes)
        let error = await #expect(throws: LibP2PError.self, "\(what)") {
            isFrame ? try await stream.readFrame(limit: 1_024) : try await stream.readMessage(limit: 1_024)
        }
        #expect(error?.code == .tooLong, "\(what)")
    }

    @Test("A message of exactly the limit is read")
    func exactlyTheLimit() async throws {
        let (stream, far) = self.pair()
        try await far.write([0x80, 0x08] + [UInt8](repeating: 5, count: 1_024))
        #expect(try await stream.readMessage(limit: 1_024)?.count == 1_024)
    }

    @Test("An end inside a message, a frame or a count is an error, an end before one is not", arguments: 0...5)
    func ends(count: Int) async throws {
        let message: [UInt8] = [0x80, 0x01, 1, 2, 3]
        let (stream, far) = self.pair()
        try await far.write(Array(message.prefix(count)))
        try far.finish()
        guard count > 0 else {
            #expect(try await stream.readMessage(limit: 1_024) == nil)
            return
        }
        let error = await #expect(throws: LibP2PError.self) { try await stream.readMessage(limit: 1_024) }
        #expect(error?.code == .truncated)
        let again = await #expect(throws: LibP2PError.self) { try await stream.readExactly(6) }
        #expect(again?.code == .truncated)
    }

    @Test("Reading to the end takes as much as is allowed and not a byte more")
    func toTheEnd() async throws {
        let (stream, far) = self.pair()
        try await far.write([UInt8](repeating: 1, count: 100))
        try far.finish()
        let error = await #expect(throws: LibP2PError.self) { try await stream.readToEnd(limit: 99) }
        #expect(error?.code == .tooLong)
        #expect(try await stream.readToEnd(limit: 100).count == 100)
        #expect(try await stream.readToEnd(limit: 0) == [])
    }

    @Test("The bytes read with the negotiation come first")
    func remainder() async throws {
        let (near, far) = PipeStream.pair(seed: 2)
        try await far.write([3, 4])
        try far.finish()
        let negotiated = NegotiatedStream(protocolID: Self.name, base: near, remainder: [1, 2])
        let stream = LibP2PStream(negotiated, peer: TestPeers.one)
        #expect(try await stream.readExactly(1) == [1])
        #expect(try await stream.readToEnd(limit: 9) == [2, 3, 4])
    }

    @Test("The plain stream of a negotiation gives the remainder first too")
    func plainRemainder() async throws {
        let (near, far) = PipeStream.pair(seed: 2)
        try await far.write([3])
        let stream = NegotiatedStream(protocolID: Self.name, base: near, remainder: [1, 2]).duplex
        #expect(try await stream.read(maximum: 1) == [1])
        #expect(try await stream.read(maximum: 9) == [2])
        #expect(try await stream.read(maximum: 9) == [3])
    }

    @Test("A stream is a sequence of pieces")
    func sequence() async throws {
        let (stream, far) = self.pair(largestPiece: 3)
        try await far.write(Array("abcdefghij".utf8))
        try far.finish()
        var bytes: [UInt8] = []
        for try await piece in stream { bytes += piece }
        #expect(bytes == Array("abcdefghij".utf8))
    }

    @Test("A read that is cancelled leaves what it had to the next one")
    func cancelledRead() async throws {
        let (stream, far) = self.pair(largestPiece: 2)
        try await far.write([5, 1, 2, 3])
        let task = Task { await failure { _ = try await stream.readMessage(limit: 10) } }
        try await far.outgoing.when { $0.bytes.isEmpty }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        try await far.write([4, 5])
        #expect(try await stream.readMessage(limit: 10) == [1, 2, 3, 4, 5])
    }

    @Test("Messages that several tasks read stay whole, and a task that waits its turn can be cancelled")
    func severalReaders() async throws {
        let (stream, far) = self.pair(largestPiece: 3)
        let found = try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            for _ in 0..<20 { group.addTask { try await stream.readMessage(limit: 100) } }
            let waiting = Task { await failure { _ = try await stream.readMessage(limit: 100) } }
            waiting.cancel()
            #expect(await waiting.value?.code == .cancelled)
            for number in 0..<20 as Range<UInt8> {
                try await far.write([8] + [UInt8](repeating: number, count: 8))
            }
            return try await group.reduce(into: Set<[UInt8]?>()) { $0.insert($1) }
        }
        #expect(found == Set((0..<20 as Range<UInt8>).map { [UInt8](repeating: $0, count: 8) }))
    }

    // MARK: Ends

    @Test("Closing writes the end, once, and leaves reading alone")
    func closeWrite() async throws {
        let (stream, far) = self.pair()
        try await stream.closeWrite()
        try await stream.closeWrite()
        #expect(far.incoming.isFinished)
        #expect(far.outgoing.stopCode == nil)
        try await far.write([1])
        #expect(try await stream.readExactly(1) == [1])
        let error = await #expect(throws: LibP2PError.self) { try await stream.write([1]) }
        #expect(error?.code == .streamEnded)
    }

    @Test("Closing in good order does not refuse what the peer still sends until the handle goes")
    func close() async throws {
        let (near, far) = PipeStream.pair(seed: 1)
        do {
            let stream = LibP2PStream(NegotiatedStream(protocolID: Self.name, base: near), peer: TestPeers.one)
            await stream.close()
            #expect(near.outgoing.isFinished)
            #expect(near.incoming.stopCode == nil)
            try await far.write([1])
            #expect(try await stream.readExactly(1) == [1])
        }
        #expect(near.incoming.stopCode == StreamCode.none)
        #expect(near.outgoing.resetCode == nil)
    }

    @Test("A stream that ended on both sides is left alone when its handle goes")
    func endedOnBothSides() async throws {
        let (near, far) = PipeStream.pair(seed: 1)
        do {
            let stream = LibP2PStream(NegotiatedStream(protocolID: Self.name, base: near), peer: TestPeers.one)
            try far.finish()
            #expect(try await stream.read() == nil)
            await stream.close()
        }
        #expect(near.incoming.stopCode == nil)
        #expect(near.outgoing.resetCode == nil)
    }

    @Test("A stream that is dropped without an end is reset")
    func dropped() async throws {
        let (near, _) = PipeStream.pair(seed: 1)
        do { _ = LibP2PStream(NegotiatedStream(protocolID: Self.name, base: near), peer: TestPeers.one) }
        #expect(near.outgoing.resetCode == StreamCode.none)
        #expect(near.incoming.stopCode == StreamCode.none)
    }

    @Test("Closing reading stops the peer with a code, and a read that waits hears of it")
    func closeRead() async throws {
        let (stream, far) = self.pair()
        let task = Task { await failure { _ = try await stream.read() } }
        stream.closeRead(.rateLimited)
        #expect(await task.value?.code == .streamEnded)
        #expect(far.outgoing.stopCode == .rateLimited)
        let error = await #expect(throws: LibP2PError.self) { try await far.write([1]) }
        #expect(error?.applicationCode == 0x1003)
        try await stream.write([1])
    }

    @Test("A reset ends both directions with its code, and the peer's code is told to us")
    func reset() async throws {
        let (stream, far) = self.pair()
        let other = LibP2PStream(NegotiatedStream(protocolID: Self.name, base: far), peer: TestPeers.two)
        stream.reset(.shutdown)
        let read = await #expect(throws: LibP2PError.self) { try await other.read() }
        #expect(read?.code == .streamReset)
        #expect(read?.applicationCode == StreamCode.shutdown.rawValue)
        let write = await #expect(throws: LibP2PError.self) { try await other.write([1]) }
        #expect(write?.code == .streamStopped)
        let own = await #expect(throws: LibP2PError.self) { try await stream.read() }
        #expect(own?.code == .streamEnded)
    }
}

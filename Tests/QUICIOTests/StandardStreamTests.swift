internal import Glibc
internal import Testing

@testable internal import QUICIO

@Suite(.timeLimit(.minutes(5))) struct StandardStreamTests {
    private func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test("Input is what was written, piece by piece, and ends when the writer closes")
    func wholeInput() async throws {
        let (reading, writing) = try self.makePipe()
        defer { close(reading) }
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        let (input, output) = (StandardInput(descriptor: reading), StandardOutput(descriptor: writing))
        async let written: Void = {
            for start in stride(from: 0, to: bytes.count, by: 7_919) {
                try await output.write(Array(bytes[start..<min(start + 7_919, bytes.count)]))
            }
            close(writing)
        }()
        var arrived: [UInt8] = []
        for try await piece in input { arrived += piece }
        try await written
        #expect(arrived == bytes)
        #expect(try await input.next() == nil)
    }

    @Test("A reader that does not take its pieces makes the writer wait")
    func bounded() async throws {
        let (reading, writing) = try self.makePipe()
        defer { close(reading) }
        let input = StandardInput(descriptor: reading, pieceSize: 4_096, ahead: 2)
        #expect(fcntl(writing, F_SETFL, O_NONBLOCK) == 0)
        let piece = [UInt8](repeating: 7, count: 4_096)
        #expect(write(writing, piece, piece.count) == piece.count)
        #expect(try await input.next() == piece)
        // A pipe holds 64 kB, or a megabyte where somebody asked for it, and the reader two pieces more: then there is an
        // end to it.
        var taken = 0
        while case let count = write(writing, piece, piece.count), count > 0 { taken += count }
        #expect(taken <= 1 << 20 + 2 * 4_096)
        close(writing)
        var left = 0
        while let more = try await input.next() { left += more.count }
        #expect(left == taken)
    }

    @Test("A cancelled task stops waiting for input, and what comes later is not lost")
    func cancellation() async throws {
        let (reading, writing) = try self.makePipe()
        defer { close(reading) }
        let input = StandardInput(descriptor: reading)
        let waiting = Task { try await input.next() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        let bytes: [UInt8] = [1, 2, 3]
        #expect(write(writing, bytes, 3) == 3)
        #expect(try await input.next() == bytes)
        close(writing)
        #expect(try await input.next() == nil)
    }

    @Test("Input that can't be read, and output that nobody reads, are errors with the system's words")
    func failures() async throws {
        let (reading, writing) = try self.makePipe()
        close(reading)
        let output = StandardOutput(descriptor: writing)
        await #expect(throws: Errno(EPIPE)) { try await output.write([1]) }
        await #expect(throws: Errno(EPIPE)) { try await output.write([2]) }
        close(writing)
        await #expect(throws: Errno(EBADF)) { try await StandardInput(descriptor: -1).next() }
    }
}

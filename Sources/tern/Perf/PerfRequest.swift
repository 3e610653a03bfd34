import QUIC

/// One request of ALPN `perf`, the client's side: a length and bytes to go with it, answered by so many bytes.
struct PerfRequest: Sendable {
    static let applicationProtocol = "perf"

    /// How many bytes the answer shall have.
    var answer: UInt64 = 0
    /// How many bytes go up behind the length.
    var upload: UInt64 = 0
    /// Told of bytes as they leave and as they arrive; says whether that was enough.
    var onProgress: (@Sendable (_ sent: Int, _ received: Int) -> Bool)?

    /// Makes a request on a stream of its own, and returns how many bytes the answer had.
    func run(on connection: QUICConnection) async throws -> UInt64 {
        let stream = try await connection.openStream()
        try await self.send(stream)
        return try await self.receive(stream)
    }

    private func send(_ stream: QUICStream) async throws {
        let header = (0..<8).map { UInt8(truncatingIfNeeded: self.answer >> (56 - 8 * $0)) }
        let small = self.upload < 4_096 ? Int(self.upload) : 0
        try await stream.write(header + [UInt8](repeating: 0, count: small))
        if small > 0 { _ = self.onProgress?(small, 0) }
        if small == 0, self.upload > 0 { try await self.sendRest(stream) }
        try stream.finish()
    }

    private func sendRest(_ stream: QUICStream) async throws {
        guard let piece = await Self.zeros(stream.connection) else { return }
        var left = self.upload
        while left >= UInt64(piece.count) {
            try await stream.write(piece)
            left -= UInt64(piece.count)
            if self.onProgress?(piece.count, 0) == true { return }
        }
        try await stream.write([UInt8](repeating: 0, count: Int(left)))
        _ = self.onProgress?(Int(left), 0)
    }

    private func receive(_ stream: QUICStream) async throws -> UInt64 {
        var count: UInt64 = 0
        while let length = try await stream.withNextBytes({ $0.byteCount }) {
            count += UInt64(length)
            if self.onProgress?(0, length) == true {
                stream.stopSending(code: 0)
                return count
            }
        }
        return count
    }

    /// Reads a stream to its end, and returns how much there was.
    static func drain(_ stream: QUICStream) async throws -> UInt64 { try await PerfRequest().receive(stream) }

    /// A piece that is handed over again and again: nothing is copied.
    static func zeros(_ connection: isolated QUICConnection) -> Chunk? {
        [UInt8](repeating: 0, count: 65_536).withRawSpan { connection.makeChunk(copying: $0).first }
    }
}

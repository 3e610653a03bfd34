import QUIC

/// The server's answers from tasks: one for each connection, one for each of its streams.
enum PeerTasks {
    static func serve(_ connection: QUICConnection) async throws {
        let isPerf = connection.handshakeSummary?.applicationProtocol == PerfRequest.applicationProtocol
        try await connection.serveStreams { stream in
            if isPerf { try await Self.answer(stream) } else { try await Self.echo(stream) }
        }
    }

    private static func echo(_ stream: QUICStream) async throws {
        while let chunk = try await stream.readChunk() { try await stream.write(chunk) }
    }

    private static func answer(_ stream: QUICStream) async throws {
        let header = try await stream.readExactly(8)
        _ = try await PerfRequest.drain(stream)
        guard let piece = await PerfRequest.zeros(stream.connection) else { return }
        var left = header.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        while left >= UInt64(piece.count) {
            try await stream.write(piece)
            left -= UInt64(piece.count)
        }
        try await stream.write([UInt8](repeating: 0, count: Int(left)))
    }
}

import QUIC
import Testing

extension EndpointPair {
    /// A stream that the client opened, seen from both ends.
    func openStream(
        _ client: QUICConnection, _ server: QUICConnection, _ direction: StreamDirection = .bidirectional
    ) async throws -> (client: QUICStream, server: QUICStream) {
        let stream = try await client.openStream(direction)
        try await stream.write([7])
        let accepted = try await server.acceptStream()
        #expect(try await accepted.readExactly(1) == [7])
        return (stream, accepted)
    }

    /// A connection and a stream on it, seen from both ends.
    func connectWithStream(
        _ configure: (inout QUICClientConfiguration) -> Void = { _ in }
    ) async throws -> (client: QUICStream, server: QUICStream) {
        let (client, server) = try await self.connect(configure)
        return try await self.openStream(client, server)
    }

    /// Shows that the connection is as good as ever.
    func expectAlive(
        _ client: QUICConnection, _ server: QUICConnection, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let stream = try await client.openStream()
        try await stream.write("alive?")
        try stream.finish()
        let accepted = try await server.acceptStream()
        #expect(accepted.id == stream.id, sourceLocation: sourceLocation)
        #expect(try await accepted.readToEnd(limit: 100) == Array("alive?".utf8), sourceLocation: sourceLocation)
        try await accepted.write("yes")
        try accepted.finish()
        #expect(try await stream.readToEnd(limit: 100) == Array("yes".utf8), sourceLocation: sourceLocation)
    }
}

extension [UInt8] {
    /// Bytes that look alike nowhere, the same for every call.
    static func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: (UInt64($0) &+ seed) &* 0x9e37_79b9_7f4a_7c15 >> 40) }
    }
}

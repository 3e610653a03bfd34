import ExampleSupport
import QUIC
import Testing

@testable import DNSOverQUICExample

/// What RFC 9250, section 4.3.3 calls a protocol error.
@Suite("The DNS over QUIC server")
struct DoQServerTests {
    private static let query = DNSMessageTests.query

    @Test(
        "ends the connection with DOQ_PROTOCOL_ERROR when a client breaks the rules",
        arguments: [
            [], [0], DoQ.frame(query).dropLast(), DoQ.frame(query) + [0], DoQ.frame(query) + DoQ.frame(query),
            DoQ.frame([0, 1] + query.dropFirst(2)), DoQ.frame([0, 1] + query.dropFirst(2).dropLast()),
            DoQ.frame(Array(query.prefix(11))), [UInt8](repeating: 255, count: 70_000),
        ] as [[UInt8]])
    func violations(bytes: [UInt8]) async throws {
        try await self.connected { connection in
            let stream = try await connection.openStream()
            // The server may have seen enough, and closed, before all is written.
            try? await stream.write(bytes)
            try? stream.finish()
            let end = try await connection.closed()
            #expect(end.closedBy == .peer && end.applicationCode == DoQ.Code.protocolError.rawValue)
        }
    }

    @Test("ends the connection when a query has the edns-tcp-keepalive option")
    func keepalive() async throws {
        var query = try DNSMessage(Self.query)
        query.edns = .init(options: [DNSMessage.Extension.keepalive: []])
        try await self.violations(bytes: DoQ.frame(try query.encoded()))
    }

    @Test("goes on after a query that the client took back, and after one that it can't read")
    func others() async throws {
        try await self.connected { connection in
            let cancelled = try await connection.openStream()
            try await cancelled.write([0])
            cancelled.abort(code: DoQ.Code.requestCancelled.rawValue)

            let unread = try await self.answer(to: Self.query.dropLast(), connection)
            #expect(unread.status == .formatError)
            let answer = try await self.answer(to: Self.query, connection)
            #expect(answer.answers.map(\.description) == ["www.test. 60 IN A 192.0.2.80"])
            #expect(answer.questions == (try DNSMessage(Self.query).questions))
        }
    }

    private func answer(to query: [UInt8], _ connection: QUICConnection) async throws -> DNSMessage {
        try await connection.withStream { stream in
            try await stream.write(DoQ.frame(query))
            try stream.finish()
            return try DNSMessage(try await DoQ.message(on: stream))
        }
    }

    private func connected(_ body: (QUICConnection) async throws -> Void) async throws {
        let certificate = try LocalCertificate()
        let server = DoQServer(zone: try DNSZone(file: DNSZone.builtIn), identity: certificate.identity)
        let listening = try await server.listen(port: 0)
        let serving = Task { try await server.serve(listening) }
        var client = QUICClientConfiguration(protocols: DoQ.protocols)
        client.tls.trust = certificate.trust
        let endpoint = try await QUICEndpoint.bind()
        let connection = try await endpoint.connect(
            to: "localhost", port: await listening.localAddress.port, client)
        try await body(connection)
        connection.close()
        await endpoint.shutdown()
        await listening.shutdown()
        try await serving.value
    }
}

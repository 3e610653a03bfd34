import ExampleSupport
import QUIC

/// Sends back whatever arrives: streams of both kinds, and datagrams.
enum EchoServer {
    static func run(port: UInt16) async throws {
        let certificate = try LocalCertificate()
        try certificate.write(to: "localhost.pem")
        var server = QUICServerConfiguration(identity: certificate.identity, protocols: ["echo"])
        server.transport.datagrams.maximumFrameSize = 65_535
        let endpoint = try await QUICEndpoint.listen(on: .any(port: port), server)
        say("listening on \(await endpoint.localAddress)")

        try await endpoint.serve { connection in
            say("\(connection.remoteAddress) is here")
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask {
                    for try await datagram in connection.datagrams { await Self.echo(datagram, connection) }
                }
                group.addTask { try await connection.serveStreams { try await Self.echo($0) } }
            }
            say("\(connection.remoteAddress) is gone")
        }
    }

    /// A chunk goes back as it came: nothing is copied.
    private static func echo(_ stream: QUICStream) async throws {
        guard stream.isBidirectional else { return try await self.echoBackwards(stream) }
        for try await chunk in stream { try await stream.write(chunk) }
    }

    /// Nothing can be written to a stream that only the client writes to: the answer needs one of ours.
    private static func echoBackwards(_ stream: QUICStream) async throws {
        try await stream.connection.withStream(.unidirectional) { answer in
            for try await chunk in stream { try await answer.write(chunk) }
        }
    }

    /// One that can't be sent now is lost, as datagrams may be.
    private static func echo(_ datagram: [UInt8], _ connection: QUICConnection) async {
        _ = try? connection.trySendDatagram(datagram)
    }
}

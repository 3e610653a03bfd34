import ExampleSupport
import QUIC

/// Sends every text on a stream of its own, all at once, and prints what comes back.
enum EchoClient {
    static func run(host: String, port: UInt16, texts: [String]) async throws {
        var client = QUICClientConfiguration(protocols: ["echo"])
        client.tls.trust = .roots(try TrustStore(file: "localhost.pem"))
        let endpoint = try await QUICEndpoint.bind()

        try await endpoint.withConnection(to: host, port: port, client) { connection in
            say("connected to \(connection.remoteAddress)")
            let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for (number, text) in texts.enumerated() {
                    group.addTask { (number, try await Self.ask(text, connection)) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for number in texts.indices { say("echo: \(answers[number] ?? "")") }
        }
        await endpoint.shutdown()
    }

    private static func ask(_ text: String, _ connection: QUICConnection) async throws -> String {
        try await connection.withStream { stream in
            try await stream.write(text)
            try stream.finish()
            return String(decoding: try await stream.readToEnd(limit: 65_536), as: UTF8.self)
        }
    }
}

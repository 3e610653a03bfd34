import ExampleSupport
import Foundation
import QUIC

/// A guest: says what is typed, and prints what the others say.
enum ChatGuest {
    static func run(host: String, port: UInt16, name: String) async throws {
        var client = QUICClientConfiguration(protocols: ["chat"])
        client.tls.trust = .roots(try TrustStore(file: "localhost.pem"))
        client.transport.datagrams.maximumFrameSize = 1_200
        let endpoint = try await QUICEndpoint.bind()

        try await endpoint.withConnection(to: host, port: port, client) { connection in
            let greeting = try await connection.withStream { stream in
                try await stream.write(name)
                try stream.finish()
                return try await stream.readToEnd(limit: 1_000)
            }
            say(String(decoding: greeting, as: UTF8.self))

            try await withThrowingTaskGroup { group in
                group.addTask {
                    for try await datagram in connection.datagrams { say(String(decoding: datagram, as: UTF8.self)) }
                }
                group.addTask {
                    for await line in Self.lines { try await connection.sendDatagram(Array(line.utf8)) }
                    // Datagrams are sent once: an answered ping says that those before it had their chance.
                    try await connection.ping()
                }
                try await group.next()
                group.cancelAll()
            }
        }
        await endpoint.shutdown()
    }

    /// What is typed. Reading a terminal blocks, so it has a thread of its own.
    private static var lines: AsyncStream<String> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                while let line = readLine() { continuation.yield(line) }
                continuation.finish()
            }
        }
    }
}

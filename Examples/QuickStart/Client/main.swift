import QUIC

// Trusts the certificate that the server wrote. Without this line: the authorities that the system trusts.
var client = QUICClientConfiguration(protocols: ["greeting"])
client.tls.trust = .roots(try TrustStore(file: "localhost.pem"))

let port = CommandLine.arguments.dropFirst().first.flatMap(UInt16.init) ?? 4433
let endpoint = try await QUICEndpoint.bind()
let greeting = try await endpoint.withConnection(to: "localhost", port: port, client) { connection in
    try await connection.withStream { stream in
        try await stream.write("world")
        try stream.finish()
        return try await stream.readToEnd(limit: 1_000)
    }
}
print(String(decoding: greeting, as: UTF8.self))
await endpoint.shutdown()

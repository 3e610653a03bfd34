import Foundation
import QUIC

// A certificate for this machine. A server on the Internet has files: TLSIdentity(certificateFile:privateKeyFile:).
let identity = try TLSIdentity.selfSigned()
try identity.certificatePEM.write(toFile: "localhost.pem", atomically: true, encoding: .utf8)

let port = CommandLine.arguments.dropFirst().first.flatMap(UInt16.init) ?? 4433
let server = QUICServerConfiguration(identity: identity, protocols: ["greeting"])
let endpoint = try await QUICEndpoint.listen(on: .any(port: port), server)
print("listening on \(await endpoint.localAddress)")

try await endpoint.serve { connection in
    try await connection.serveStreams { stream in
        let name = String(decoding: try await stream.readToEnd(limit: 1_000), as: UTF8.self)
        try await stream.write("Hello, \(name)!")
    }
}

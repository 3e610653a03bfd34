import QUIC
import Synchronization
import Testing

@testable import LibP2P

@Suite("Other protocols on the port of a host", .timeLimit(.minutes(5)))
struct OtherProtocolTests {
    @Test("one UDP port serves libp2p and another protocol, whose clients show no certificate")
    func besides() async throws {
        let identity = try TLSIdentity.selfSigned()
        let trust = try TrustStore(pem: Array(identity.certificatePEM.utf8))
        let host = try HostScene.host {
            $0.transport.streams.unidirectional = 8
            $0.otherProtocols = [
                .init(name: "shout", identities: ServerIdentities(default: identity)) { connection in
                    try await connection.serveStreams { stream in
                        let text = String(decoding: try await stream.readToEnd(limit: 100), as: UTF8.self)
                        try await stream.write(text.uppercased())
                    }
                }
            ]
        }
        try await HostScene.run([host, HostScene.host(listening: false)]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            let client = try await QUICEndpoint.bind()
            var configuration = QUICClientConfiguration(protocols: ["shout"])
            configuration.tls.trust = .roots(trust)
            let address = try hosts[0].addresses[0].networkAddress()
            let connection = try await client.connect(to: address, configuration)
            let answer = try await connection.withStream { stream in
                try await stream.write("hello")
                try stream.finish()
                return try await stream.readToEnd(limit: 100)
            }
            #expect(answer == Array("HELLO".utf8))
            try await HostScene.expectEcho(hosts[1], hosts[0].peerID)
            connection.close()
            await client.shutdown(deadline: .milliseconds(200))
            try await HostScene.until("its place is free") { hosts[0].usage.connections.all == 1 }
        }
    }
}

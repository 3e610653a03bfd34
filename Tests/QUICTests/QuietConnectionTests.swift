import QUIC
import Testing

@Suite("Connections on which nothing else happens")
struct QuietConnectionTests {
    @Test("keys are updated though no application sends anything", arguments: [true, false])
    func keyUpdate(byServer: Bool) async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            try await (byServer ? server : client).updateKeys()
            // The other end has moved on as well, or it could not read this.
            let stream = try await client.openStream(.unidirectional)
            try await stream.write("hello")
            try stream.finish()
            #expect(try await server.acceptStream().readToEnd(limit: 10) == Array("hello".utf8))
            client.close()
        }
    }

    @Test("a second key update right after the first is refused, and the connection goes on")
    func twoKeyUpdates() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            try await client.updateKeys()
            let error = await #expect(throws: QUICError.self) { try await client.updateKeys() }
            #expect(error?.code == .refused)
            try await server.ping()
            client.close()
        }
    }
}

import QUIC
import Testing

@Suite("Echo over loopback")
struct EchoTests {
    @Test("what is written comes back, over IPv4 and IPv6", arguments: [NetworkAddress.loopback(), .loopbackIPv6()])
    func echo(_ address: NetworkAddress) async throws {
        try await EndpointPair.run(at: address) { pair in
            let serving = pair.serveEcho()
            let connection = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            #expect(connection.applicationProtocol == "test")
            let answer = try await connection.withStream { stream in
                try await stream.write("hello")
                try stream.finish()
                return try await stream.readToEnd(limit: 100)
            }
            #expect(answer == Array("hello".utf8))
            connection.close()
            await pair.server.shutdown()
            try await serving.value
        }
    }
}

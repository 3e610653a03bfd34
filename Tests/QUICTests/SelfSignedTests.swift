import QUIC
import Testing

@Suite("Self-signed identities")
struct SelfSignedTests {
    @Test("a client trusts one by its pin or by its certificate, and for its names only")
    func trusted() async throws {
        let identity = try TLSIdentity.selfSigned(names: ["localhost", "127.0.0.1"])
        let server = try await QUICEndpoint.listen(
            on: .loopback(), QUICServerConfiguration(identity: identity, protocols: ["test"]))
        let serving = Task { try? await server.serve { _ = try? await $0.closed() } }
        let client = try await QUICEndpoint.bind()
        let address = await server.localAddress
        let store = try TrustStore(pem: Array(identity.certificatePEM.utf8))
        for trust in [TrustPolicy.roots(store), .pinned([identity.pin].compactMap { $0 })] {
            var configuration = QUICClientConfiguration(protocols: ["test"])
            configuration.tls.trust = trust
            let connection = try await client.connect(to: address, configuration)
            #expect(connection.peerCertificate?.chain == identity.chain)
            connection.close()
        }
        var wrong = QUICClientConfiguration(protocols: ["test"])
        wrong.tls.trust = .roots(store)
        wrong.tls.serverName = "other.test"
        let error = await #expect(throws: QUICError.self) { try await client.connect(to: address, wrong) }
        #expect(error?.code == .handshakeFailed)
        await client.shutdown(deadline: .milliseconds(200))
        await server.shutdown(deadline: .milliseconds(200))
        await serving.value
    }
}

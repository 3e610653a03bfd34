import QUICEngine
import QUICTestSupport
import Testing

@Suite("Terms of single protocols")
struct ProtocolTermsTests {
    /// "test" asks nobody; "node" wants a certificate, and shows another one.
    private static func scenario(identity: TLSIdentity?, protocols: [String]) throws -> (Scenario, node: TLSIdentity) {
        let node = try Scenario.identities.identity(for: ["server.test"])
        let scenario = Scenario()
        scenario.serverTLS {
            $0.protocols = ["test", "node"]
            $0.terms["node"] = .init(
                identities: ServerIdentities(default: node),
                clientAuthentication: .required(.roots(Scenario.identities.store)))
        }
        scenario.clientTLS.protocols = protocols
        scenario.clientTLS.identity = identity
        return (scenario, node)
    }

    @Test("a protocol with terms shows its own identity and sees its clients'")
    func ownTerms() throws {
        let (scenario, node) = try Self.scenario(identity: Scenario.clientIdentity, protocols: ["node"])
        let (client, server) = try scenario.connect()
        #expect(client.engine?.handshake?.peerCertificate?.publicKey == node.publicKey)
        #expect(server.engine?.handshake?.peerCertificate?.publicKey == Scenario.clientIdentity.publicKey)
        scenario.expectNothingLeft()
    }

    @Test("the other protocols of the port keep the terms of the server")
    func otherProtocol() throws {
        let (scenario, node) = try Self.scenario(identity: nil, protocols: ["test"])
        let (client, server) = try scenario.connect()
        #expect(client.engine?.handshake?.peerCertificate?.publicKey != node.publicKey)
        #expect(server.engine?.handshake?.peerCertificate == nil)
        scenario.expectNothingLeft()
    }

    @Test("a client without a certificate gets no further than the protocol that asks for one")
    func missing() throws {
        let (scenario, _) = try Self.scenario(identity: nil, protocols: ["node", "test"])
        let endings = try scenario.dialInVain()
        #expect(endings.client.tlsAlert == .certificateRequired)
        #expect(scenario.server.accepted.last?.isConnected == false)
        scenario.expectNothingLeft()
    }

    @Test("a protocol that asks for certificates gives no tickets, though the others do")
    func tickets() throws {
        for (name, identity) in [("test", nil), ("node", Scenario.clientIdentity)] {
            let (scenario, _) = try Self.scenario(identity: identity, protocols: [name])
            let key = try SessionTicketKey()
            scenario.serverTLS { $0.ticketKey = key }
            let (client, _) = try scenario.connect()
            scenario.run(.seconds(1)) { client.ticket != nil }
            #expect((client.ticket == nil) == (name == "node"), "\(name)")
            scenario.expectNothingLeft()
        }
    }
}

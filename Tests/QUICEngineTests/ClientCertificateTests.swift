import QUICEngine
import QUICTestSupport
import Testing

@Suite("Client certificates")
struct ClientCertificateTests {
    private static let policy = TrustPolicy.roots(Scenario.identities.store)

    private static func scenario(
        _ authentication: TLSServerConfiguration.ClientAuthentication, identity: TLSIdentity?
    ) -> Scenario {
        let scenario = Scenario()
        scenario.serverTLS { $0.clientAuthentication = authentication }
        scenario.clientTLS.identity = identity
        return scenario
    }

    @Test("a server that asks for none sees none, even from a client that has one", arguments: [true, false])
    func none(hasIdentity: Bool) throws {
        let scenario = Self.scenario(.none, identity: hasIdentity ? Scenario.clientIdentity : nil)
        let (_, server) = try scenario.connect()
        #expect(server.engine?.handshake?.peerCertificate == nil)
        scenario.expectNothingLeft()
    }

    @Test("a client may decline a request")
    func declines() throws {
        let scenario = Self.scenario(.requested(Self.policy), identity: nil)
        let (_, server) = try scenario.connect()
        #expect(server.engine?.handshake?.peerCertificate == nil)
        scenario.expectNothingLeft()
    }

    @Test("the server sees what the client shows", arguments: [true, false])
    func shows(isRequired: Bool) throws {
        let scenario = Self.scenario(
            isRequired ? .required(Self.policy) : .requested(Self.policy), identity: Scenario.clientIdentity)
        let (client, server) = try scenario.connect()
        let peer = try #require(server.engine?.handshake?.peerCertificate)
        #expect(peer.chain == Scenario.clientIdentity.chain)
        #expect(peer.publicKey == Scenario.clientIdentity.publicKey)
        #expect(peer.expectedName == nil)
        try client.open(sending: [1, 2, 3])
        #expect(scenario.run(.seconds(1)) { server.ended.count == 1 })
        scenario.expectNothingLeft()
    }

    @Test("clients show keys of any kind", arguments: IdentityTests.kinds)
    func anyKind(kind: CertificateTemplate.KeyKind) throws {
        let identity = try Scenario.identities.identity(for: ["client.test"], keyKind: kind)
        let scenario = Self.scenario(.required(Self.policy), identity: identity)
        let (_, server) = try scenario.connect()
        #expect(server.engine?.handshake?.peerCertificate?.publicKey == identity.publicKey)
        scenario.expectNothingLeft()
    }

    @Test("a client that shows none where one is required is turned away")
    func missing() throws {
        let scenario = Self.scenario(.required(Self.policy), identity: nil)
        let endings = try scenario.dialInVain()
        #expect(endings.client.closedBy == .peer)
        #expect(endings.client.tlsAlert == .certificateRequired)
        #expect(endings.server.tlsAlert == .certificateRequired)
        #expect(endings.server.reason.contains("no certificate"))
        #expect(scenario.server.accepted.last?.isConnected == false)
        scenario.expectNothingLeft()
    }

    @Test("a client that somebody else vouches for is turned away, asked or not", arguments: [true, false])
    func unknownAuthority(isRequired: Bool) throws {
        let identity = try TLSIdentity(CertificateTemplate(commonName: "a stranger", now: Scenario.now).issue())
        let scenario = Self.scenario(isRequired ? .required(Self.policy) : .requested(Self.policy), identity: identity)
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .unknownCA, from: \.server, mentioning: "issuer")
        #expect(scenario.server.accepted.last?.isConnected == false)
        scenario.expectNothingLeft()
    }

    @Test("a certificate that is for servers only is not a client's")
    func wrongPurpose() throws {
        let identity = try Scenario.identities.identity(for: ["client.test"]) { $0.extensions = [.serversOnly] }
        let scenario = Self.scenario(.required(Self.policy), identity: identity)
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .unsupportedCertificate, from: \.server, mentioning: "purpose")
        scenario.expectNothingLeft()
    }

    @Test("an expired certificate is turned away")
    func expired() throws {
        let identity = try Scenario.identities.identity(for: ["client.test"]) { $0.notAfter = Scenario.now - 60 }
        let scenario = Self.scenario(.required(Self.policy), identity: identity)
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .certificateExpired, from: \.server, mentioning: "expired")
        scenario.expectNothingLeft()
    }

    @Test("a custom policy's verdict on a client reaches the client")
    func customPolicy() throws {
        let scenario = Self.scenario(
            .required(.custom { .reject(.accessDenied, reason: "\($0.chain.count) certificates and no ticket") }),
            identity: Scenario.clientIdentity)
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .accessDenied, from: \.server, mentioning: "1 certificates and no ticket")
        scenario.expectNothingLeft()
    }

    @Test("what a client sends right behind its handshake is never seen by a server that turns it away")
    func dataOfTheRefused() throws {
        let scenario = Self.scenario(.required(.pinned([])), identity: Scenario.clientIdentity)
        let client = try scenario.dial()
        client.onEvent = { connection, event in
            if event == .handshakeCompleted { _ = try? connection.open(sending: [1, 2, 3]) }
        }
        #expect(scenario.run(.seconds(5)) { client.closeReason != nil })
        #expect(client.closeReason?.tlsAlert == .certificateUnknown)
        #expect(client.isConnected)
        #expect(scenario.server.accepted.last?.received.isEmpty == true)
        scenario.expectNothingLeft()
    }

    @Test(
        "a ticket of a session without a certificate does not get around the demand for one", arguments: [true, false])
    func ticketWithoutCertificate(isRequired: Bool) throws {
        let scenario = Self.scenario(.none, identity: nil)
        let key = try SessionTicketKey()
        scenario.serverTLS { $0.ticketKey = key }
        scenario.clientTLS.resumption = try scenario.earnTicket()
        scenario.serverTLS { $0.clientAuthentication = isRequired ? .required(Self.policy) : .requested(Self.policy) }
        if isRequired {
            let endings = try scenario.dialInVain()
            #expect(endings.client.tlsAlert == .certificateRequired)
            #expect(scenario.server.accepted.last?.isConnected == false)
        }
        scenario.clientTLS.identity = Scenario.clientIdentity
        let (_, server) = try scenario.connect()
        #expect(server.engine?.handshake?.peerCertificate?.chain == Scenario.clientIdentity.chain)
        scenario.expectNothingLeft()
    }

    @Test("a server that asks for certificates gives no tickets: every client is judged every time")
    func noTickets() throws {
        let scenario = Self.scenario(.requested(Self.policy), identity: Scenario.clientIdentity)
        let key = try SessionTicketKey()
        scenario.serverTLS { $0.ticketKey = key }
        let (client, _) = try scenario.connect()
        scenario.run(.seconds(1))
        #expect(client.ticket == nil)
        scenario.expectNothingLeft()
    }
}

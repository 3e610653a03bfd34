import QUICEngine
import QUICTestSupport
import Testing

@Suite("Raw public keys")
struct RawPublicKeyTests {
    static let kinds: [CertificateTemplate.KeyKind] = [.ed25519, .ecdsaP256]

    private static func key(_ kind: CertificateTemplate.KeyKind = .ed25519) throws -> TLSIdentity {
        var template = CertificateTemplate(commonName: "unused", now: Scenario.now)
        template.keyKind = kind
        return try TLSIdentity(rawPublicKeyOf: template.issue().privateKey)
    }

    private static func scenario(server: TLSIdentity) -> Scenario {
        let scenario = Scenario()
        scenario.serverTLS { $0.identities = ServerIdentities(default: server) }
        scenario.clientTLS.acceptsRawPublicKeys = true
        return scenario
    }

    @Test("a server's bare key that is pinned is accepted", arguments: Self.kinds)
    func serverKey(kind: CertificateTemplate.KeyKind) throws {
        let key = try Self.key(kind)
        let scenario = Self.scenario(server: key)
        scenario.clientTLS.trust = .pinned([try #require(key.pin)])
        let (client, _) = try scenario.connect()
        let peer = try #require(client.engine?.handshake?.peerCertificate)
        #expect(peer.isRawPublicKey)
        #expect(peer.chain == [])
        #expect(peer.publicKey == key.publicKey)
        scenario.expectNothingLeft()
    }

    @Test("both ends can show bare keys", arguments: Self.kinds)
    func mutual(kind: CertificateTemplate.KeyKind) throws {
        let (serverKey, clientKey) = (try Self.key(kind), try Self.key(kind))
        let scenario = Self.scenario(server: serverKey)
        let clientPin = try #require(clientKey.pin)
        scenario.serverTLS {
            $0.clientAuthentication = .required(.pinned([clientPin]))
            $0.acceptsRawPublicKeys = true
        }
        scenario.clientTLS.trust = .pinned([try #require(serverKey.pin)])
        scenario.clientTLS.identity = clientKey
        let (client, server) = try scenario.connect()
        #expect(client.engine?.handshake?.peerCertificate?.publicKey == serverKey.publicKey)
        #expect(server.engine?.handshake?.peerCertificate?.publicKey == clientKey.publicKey)
        #expect(server.engine?.handshake?.peerCertificate?.isRawPublicKey == true)
        scenario.expectNothingLeft()
    }

    @Test("another key than the pinned one is refused")
    func wrongKey() throws {
        let scenario = Self.scenario(server: try Self.key())
        scenario.clientTLS.trust = .pinned([try #require(try Self.key().pin)])
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .certificateUnknown, from: \.client, mentioning: "none of the pinned ones")
        scenario.expectNothingLeft()
    }

    @Test("roots can't judge a bare key, so they refuse it", arguments: [true, false])
    func roots(isSystem: Bool) throws {
        let scenario = Self.scenario(server: try Self.key())
        scenario.clientTLS.trust = isSystem ? .system : .roots(Scenario.identities.store)
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .unsupportedCertificate, from: \.client, mentioning: "bare public key")
        scenario.expectNothingLeft()
    }

    @Test("a custom and a deferred policy can judge a bare key", arguments: [true, false])
    func judges(isDeferred: Bool) throws {
        let key = try Self.key()
        let scenario = Self.scenario(server: key)
        let expected = key.publicKey
        scenario.clientTLS.trust =
            isDeferred
            ? .deferred
            : .custom { $0.publicKey == expected ? .accept : .reject(.badCertificate, reason: "another key") }
        let client = try scenario.dial()
        if isDeferred {
            #expect(scenario.run(.seconds(1)) { client.awaitedVerdict != nil })
            #expect(client.awaitedVerdict?.publicKey == expected)
            try client.engine?.completeVerification(.accept, now: scenario.now)
        }
        #expect(scenario.run(.seconds(1)) { client.saw(.handshakeConfirmed) })
        scenario.expectNothingLeft()
    }

    @Test("a client that takes certificates only can't talk to a server that has only a key")
    func clientWithCertificatesOnly() throws {
        let key = try Self.key()
        let scenario = Self.scenario(server: key)
        scenario.clientTLS.acceptsRawPublicKeys = false
        scenario.clientTLS.trust = .pinned([try #require(key.pin)])
        let endings = try scenario.dialInVain()
        #expect(endings.server.closedBy == .local)
        #expect(endings.client.closedBy == .peer)
        #expect(endings.server.tlsAlert != nil)
        #expect(endings.client.tlsAlert == endings.server.tlsAlert)
        #expect(!endings.client.description.isEmpty)
        scenario.expectNothingLeft()
    }

    @Test("a client that takes both gets a certificate from a server that has one")
    func clientThatTakesBoth() throws {
        let scenario = Self.scenario(server: Scenario.serverIdentity)
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.peerCertificate?.chain == Scenario.serverIdentity.chain)
        scenario.expectNothingLeft()
    }

    @Test("a server that takes both kinds from clients takes a certificate too")
    func serverThatTakesBoth() throws {
        let scenario = Self.scenario(server: Scenario.serverIdentity)
        scenario.serverTLS {
            $0.clientAuthentication = .required(.roots(Scenario.identities.store))
            $0.acceptsRawPublicKeys = true
        }
        scenario.clientTLS.identity = Scenario.clientIdentity
        let (_, server) = try scenario.connect()
        #expect(server.engine?.handshake?.peerCertificate?.chain == Scenario.clientIdentity.chain)
        scenario.expectNothingLeft()
    }

    @Test("a client with a bare key is turned away by a server that takes certificates only")
    func serverWithCertificatesOnly() throws {
        let scenario = Self.scenario(server: Scenario.serverIdentity)
        scenario.serverTLS { $0.clientAuthentication = .required(.insecureNoVerification) }
        scenario.clientTLS.identity = try Self.key()
        let endings = try scenario.dialInVain()
        #expect(endings.server.tlsAlert != nil)
        #expect(endings.client.closedBy == .peer)
        scenario.expectNothingLeft()
    }
}

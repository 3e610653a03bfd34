import QUICEngine
import QUICTestSupport
import Testing

@Suite("Trust")
struct TrustTests {
    @Test("a server that a given root signed is accepted; another root refuses it, and both ends know why")
    func roots() throws {
        let scenario = Scenario()
        _ = try scenario.connect()
        var template = CertificateTemplate(commonName: "Another authority", now: Scenario.now)
        template.isAuthority = true
        scenario.clientTLS.trust = .roots(try TrustStore(pem: Array(template.issue().certificatePEM.utf8)))
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .unknownCA, from: \.client, mentioning: "issuer")
        scenario.expectNothingLeft()
    }

    @Test("a root that only bears the right name is not the issuer: its key has another identifier")
    func rootOfTheSameName() throws {
        let scenario = Scenario()
        scenario.clientTLS.trust = .roots(try TestIdentities(now: Scenario.now).store)
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .unknownCA, from: \.client, mentioning: "issuer")
        scenario.expectNothingLeft()
    }

    @Test("a certificate that was changed is unmasked by its signature")
    func changed() throws {
        let scenario = Scenario()
        let bundle = try Scenario.identities.bundle(for: ["server.test"])
        var chain = bundle.chain
        // The last byte belongs to the signature.
        chain[0][chain[0].count - 1] ^= 1
        let identity = try TLSIdentity(certificateDER: chain, privateKeyDER: bundle.privateKey)
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .badCertificate, from: \.client, mentioning: "signature")
        scenario.expectNothingLeft()
    }

    @Test("a trust store counts its authorities and refuses text without one")
    func stores() throws {
        let one = Scenario.identities.authority.certificatePEM
        let two = try TestIdentities(now: Scenario.now).authority.certificatePEM
        #expect(try TrustStore(pem: Array(one.utf8)).count == 1)
        #expect(try TrustStore(pem: Array((one + two).utf8)).count == 2)
        for text in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = #expect(throws: EngineError.self) { try TrustStore(pem: Array(text.utf8)) }
            #expect(error?.code == .invalidCredentials)
            #expect(error?.message.hasPrefix("reading trust anchors") == true)
        }
    }

    /// With or without `ca-certificates` the answer is no; without them the reason says what to install.
    @Test("a server that only a test authority vouches for is refused by the system's roots")
    func systemRoots() throws {
        let scenario = Scenario()
        scenario.clientTLS.trust = .system
        let endings = try scenario.dialInVain()
        #expect(endings.client.tlsAlert == .unknownCA)
        #expect(endings.server.tlsAlert == .unknownCA)
        #expect(endings.client.reason.contains("issuer") || endings.client.reason.contains("ca-certificates"))
        scenario.expectNothingLeft()
    }

    @Test("a pinned key is accepted whatever its certificate says")
    func pinned() throws {
        let scenario = Scenario()
        var template = CertificateTemplate(commonName: "somebody else", now: Scenario.now)
        template.notBefore = Scenario.now - 7_200
        template.notAfter = Scenario.now - 3_600
        let identity = try TLSIdentity(template.issue())
        let pin = try #require(identity.pin)
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        scenario.clientTLS.trust = .pinned([try #require(Scenario.clientIdentity.pin), pin])
        _ = try scenario.connect()
        scenario.expectNothingLeft()
    }

    @Test("a key that is not pinned is refused, and the reason names it", arguments: [true, false])
    func notPinned(hasPins: Bool) throws {
        let scenario = Scenario()
        scenario.clientTLS.trust = .pinned(hasPins ? [try #require(Scenario.clientIdentity.pin)] : [])
        let endings = try scenario.dialInVain()
        let digest = try #require(Scenario.serverIdentity.pin).description
        scenario.expect(endings, alert: .certificateUnknown, from: \.client, mentioning: digest)
        scenario.expectNothingLeft()
    }

    @Test("a custom policy sees the chain, the key and the name, and its yes counts")
    func customAccepts() throws {
        let scenario = Scenario()
        let seen = Recorder<PeerCertificate>()
        scenario.clientTLS.serverName = "anything.test"
        scenario.clientTLS.trust = .custom { peer in
            seen.record(peer)
            return .accept
        }
        let (client, _) = try scenario.connect()
        let peer = try #require(seen.values.first)
        #expect(seen.values.count == 1)
        #expect(peer.chain == Scenario.serverIdentity.chain)
        #expect(peer.publicKey == Scenario.serverIdentity.publicKey)
        #expect(peer.expectedName == "anything.test")
        #expect(!peer.isRawPublicKey)
        #expect(client.engine?.handshake?.peerCertificate == peer)
        scenario.expectNothingLeft()
    }

    @Test("a custom policy's no goes to the server with its alert and its reason")
    func customRejects() throws {
        let scenario = Scenario()
        scenario.clientTLS.trust = .custom { _ in .reject(.accessDenied, reason: "not on a Sunday") }
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .accessDenied, from: \.client, mentioning: "not on a Sunday")
        #expect(endings.server.description.contains("access_denied"))
        scenario.expectNothingLeft()
    }

    @Test("no verification takes anybody, and has to be asked for by name")
    func noVerification() throws {
        let scenario = Scenario()
        let identity = try TLSIdentity(CertificateTemplate(commonName: "nobody", now: Scenario.now).issue())
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        scenario.clientTLS.trust = .insecureNoVerification
        _ = try scenario.connect()
        scenario.expectNothingLeft()
    }

    @Test("the certificate of another name is refused")
    func wrongName() throws {
        let scenario = Scenario()
        scenario.clientTLS.serverName = "other.test"
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .badCertificate, from: \.client, mentioning: "not for other.test")
        scenario.expectNothingLeft()
    }

    @Test("an IP address is a name like any other", arguments: ["127.0.0.1", "::1", "[::1]", "0:0:0:0:0:0:0:1"])
    func addresses(name: String) throws {
        let scenario = Scenario()
        scenario.clientTLS.serverName = name
        let (_, server) = try scenario.connect()
        // RFC 6066 §3: it is not sent as SNI.
        #expect(server.engine?.handshake?.serverName == nil)
        scenario.expectNothingLeft()
    }

    @Test("the certificate of another IP address is refused", arguments: ["127.0.0.2", "::2"])
    func wrongAddresses(name: String) throws {
        let scenario = Scenario()
        scenario.clientTLS.serverName = name
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .badCertificate, from: \.client, mentioning: "not for \(name)")
        scenario.expectNothingLeft()
    }

    @Test("a certificate without an address does not stand for one, even where a DNS name reads like it")
    func addressAsName() throws {
        let scenario = Scenario()
        let identity = try Scenario.identities.identity(for: ["server.test"]) { $0.commonName = "127.0.0.1" }
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        scenario.clientTLS.serverName = "127.0.0.1"
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .badCertificate, from: \.client, mentioning: "not for 127.0.0.1")
        scenario.expectNothingLeft()
    }

    @Test("a certificate whose time is over, or has not come, is refused", arguments: [true, false])
    func dates(isOver: Bool) throws {
        let scenario = Scenario()
        let identity = try Scenario.identities.identity(for: ["server.test"]) {
            if isOver { $0.notAfter = Scenario.now - 60 } else { $0.notBefore = Scenario.now + 3_600 }
        }
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        let endings = try scenario.dialInVain()
        scenario.expect(
            endings, alert: .certificateExpired, from: \.client, mentioning: isOver ? "expired" : "not yet valid")
        scenario.expectNothingLeft()
    }

    @Test("a certificate that is for clients only is not a server's")
    func wrongPurpose() throws {
        let scenario = Scenario()
        let identity = try Scenario.identities.identity(for: ["server.test"]) { $0.extensions = [.clientsOnly] }
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .unsupportedCertificate, from: \.client, mentioning: "purpose")
        scenario.expectNothingLeft()
    }

    @Test("a critical extension that nobody knows is refused by roots, and is the custom policy's business")
    func unknownCriticalExtension() throws {
        let scenario = Scenario()
        let identity = try Scenario.identities.identity(for: ["server.test"]) {
            $0.extensions = [.init(identifier: "1.3.6.1.4.1.53594.1.1", value: [4, 1, 7], isCritical: true)]
        }
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        let endings = try scenario.dialInVain()
        #expect(endings.client.tlsAlert == .badCertificate)
        #expect(endings.server.tlsAlert == .badCertificate)
        scenario.clientTLS.trust = .custom { _ in .accept }
        _ = try scenario.connect()
        scenario.expectNothingLeft()
    }
}

extension CertificateTemplate.Extension {
    /// extKeyUsage { clientAuth }, RFC 5280 §4.2.1.12.
    static let clientsOnly = CertificateTemplate.Extension(
        identifier: "2.5.29.37", value: [0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2], isCritical: false)

    /// extKeyUsage { serverAuth }.
    static let serversOnly = CertificateTemplate.Extension(
        identifier: "2.5.29.37", value: [0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1], isCritical: false)
}

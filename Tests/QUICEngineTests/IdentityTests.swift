import Foundation
import QUICEngine
import QUICTestSupport
import Testing

@Suite("Identities")
struct IdentityTests {
    static let kinds: [CertificateTemplate.KeyKind] = [.ed25519, .ecdsaP256, .ecdsaP384, .rsa(bits: 2_048)]

    @Test("a server with a key of any kind is accepted, and its key is the one that was made", arguments: Self.kinds)
    func anyKindOfKey(kind: CertificateTemplate.KeyKind) throws {
        let scenario = Scenario()
        let identity = try Scenario.identities.identity(for: ["server.test"], keyKind: kind)
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.peerCertificate?.publicKey == identity.publicKey)
        scenario.expectNothingLeft()
    }

    @Test("an authority may have another kind of key than what it signs", arguments: Self.kinds)
    func anyKindOfAuthority(kind: CertificateTemplate.KeyKind) throws {
        let scenario = Scenario()
        let identities = try TestIdentities(now: Scenario.now, keyKind: kind)
        let identity = try identities.identity(for: ["server.test"])
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        scenario.clientTLS.trust = .roots(identities.store)
        _ = try scenario.connect()
        scenario.expectNothingLeft()
    }

    @Test("PEM, DER, a bundle and files give the same identity")
    func allForms() throws {
        let bundle = try Scenario.identities.bundle(for: ["server.test"])
        let expected = try TLSIdentity(bundle)
        let fromPEM = try TLSIdentity(
            certificatePEM: Array(bundle.certificatePEM.utf8), privateKeyPEM: Array(bundle.privateKeyPEM.utf8))
        let fromDER = try TLSIdentity(certificateDER: bundle.chain, privateKeyDER: bundle.privateKey)
        let fromFiles = try Self.withFiles(bundle) { try TLSIdentity(certificateFile: $0, privateKeyFile: $1) }
        for identity in [fromPEM, fromDER, fromFiles] {
            #expect(identity.chain == bundle.chain)
            #expect(identity.publicKey == expected.publicKey)
            #expect(!identity.isRawPublicKey)
        }
    }

    @Test("a chain with an intermediate is sent without the root, and verifies")
    func intermediate() throws {
        let scenario = Scenario()
        var template = CertificateTemplate(commonName: "Tern test intermediate", now: Scenario.now)
        template.isAuthority = true
        let intermediate = try template.issue(by: Scenario.identities.authority)
        let bundle = try CertificateTemplate(commonName: "leaf", names: ["server.test"], now: Scenario.now).issue(
            by: intermediate)
        #expect(bundle.chain == [bundle.chain[0], intermediate.chain[0]])
        let identity = try TLSIdentity(
            certificatePEM: Array(bundle.certificatePEM.utf8), privateKeyPEM: Array(bundle.privateKeyPEM.utf8))
        #expect(identity.chain == bundle.chain)
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.peerCertificate?.chain == bundle.chain)

        // The same leaf alone leads nowhere: the intermediate was needed.
        let incomplete = try TLSIdentity(certificateDER: [bundle.chain[0]], privateKeyDER: bundle.privateKey)
        scenario.serverTLS { $0.identities = ServerIdentities(default: incomplete) }
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .unknownCA, from: \.client, mentioning: "issuer")
        scenario.expectNothingLeft()
    }

    @Test("an authority that may not sign is none")
    func issuerWithoutTheRight() throws {
        let scenario = Scenario()
        let middle = try Scenario.identities.bundle(for: ["middle.test"])
        let bundle = try CertificateTemplate(commonName: "leaf", names: ["server.test"], now: Scenario.now).issue(
            by: middle)
        let identity = try TLSIdentity(bundle)
        scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
        let endings = try scenario.dialInVain()
        #expect(endings.client.tlsAlert == .unknownCA)
        #expect(endings.server.tlsAlert == .unknownCA)
        scenario.expectNothingLeft()
    }

    @Test(
        "the key of another certificate is refused",
        arguments: zip(Self.kinds + Self.kinds, Self.kinds + Self.kinds.reversed()))
    func wrongKey(kind: CertificateTemplate.KeyKind, otherKind: CertificateTemplate.KeyKind) throws {
        let one = try Scenario.identities.bundle(for: ["one.test"], keyKind: kind)
        let other = try Scenario.identities.bundle(for: ["other.test"], keyKind: otherKind)
        Self.expectInvalid("certificate and private key") {
            try TLSIdentity(
                certificatePEM: Array(one.certificatePEM.utf8), privateKeyPEM: Array(other.privateKeyPEM.utf8))
        }
        Self.expectInvalid("certificate and private key") {
            try TLSIdentity(certificateDER: one.chain, privateKeyDER: other.privateKey)
        }
    }

    @Test("what is no certificate or no key is refused, and the error says which")
    func garbage() throws {
        let bundle = try Scenario.identities.bundle(for: ["server.test"])
        let (certificate, key) = (Array(bundle.certificatePEM.utf8), Array(bundle.privateKeyPEM.utf8))
        for bytes in [[], Array("no PEM".utf8), Array(certificate.dropFirst(40)), key] {
            Self.expectInvalid("certificate") { try TLSIdentity(certificatePEM: bytes, privateKeyPEM: key) }
        }
        for bytes in [[], Array("no PEM".utf8), Array(key.dropLast(60)), certificate] {
            Self.expectInvalid("private key") { try TLSIdentity(certificatePEM: certificate, privateKeyPEM: bytes) }
        }
        Self.expectInvalid("at least one certificate") {
            try TLSIdentity(certificateDER: [], privateKeyDER: bundle.privateKey)
        }
        Self.expectInvalid("reading a certificate") {
            try TLSIdentity(certificateDER: [Array(bundle.chain[0].dropLast())], privateKeyDER: bundle.privateKey)
        }
        Self.expectInvalid("key") { try TLSIdentity(certificateDER: bundle.chain, privateKeyDER: [0x30, 0]) }
        Self.expectInvalid("reading a private key") { try TLSIdentity(rawPublicKeyOf: [1, 2, 3]) }
    }

    @Test("a missing file is named")
    func missingFile() throws {
        let bundle = try Scenario.identities.bundle(for: ["server.test"])
        try Self.withFiles(bundle) { certificate, key in
            let absent = certificate + ".absent"
            Self.expectInvalid(absent) { try TLSIdentity(certificateFile: absent, privateKeyFile: key) }
            Self.expectInvalid(absent) { try TLSIdentity(certificateFile: certificate, privateKeyFile: absent) }
            let error = #expect(throws: EngineError.self) { try TrustStore(file: absent) }
            #expect(error?.message.contains(absent) == true)
        }
    }

    @Test("an encrypted key opens with its password only")
    func encryptedKey() throws {
        let identity = try TLSIdentity(
            certificatePEM: EncryptedKeyFixture.certificatePEM, privateKeyPEM: EncryptedKeyFixture.privateKeyPEM,
            password: "open sesame")
        #expect(identity.chain.count == 1)
        for password in [nil, "", "wrong"] {
            Self.expectInvalid("private key") {
                try TLSIdentity(
                    certificatePEM: EncryptedKeyFixture.certificatePEM,
                    privateKeyPEM: EncryptedKeyFixture.privateKeyPEM,
                    password: password)
            }
        }
    }

    @Test("a pin is the digest of the key alone: it outlives the certificate")
    func pins() throws {
        let bundle = try Scenario.identities.bundle(for: ["server.test"])
        let certified = try TLSIdentity(bundle)
        let bare = try TLSIdentity(rawPublicKeyOf: bundle.privateKey)
        let pin = try #require(certified.pin)
        #expect(bare.isRawPublicKey)
        #expect(bare.publicKey == certified.publicKey)
        #expect(bare.pin == pin)
        #expect(pin != Scenario.serverIdentity.pin)
        #expect(pin.digest.count == 32)
        #expect(PublicKeyPin(digest: pin.digest) == pin)
        #expect(PublicKeyPin(digest: Array(pin.digest.dropLast())) == nil)
        #expect(
            PublicKeyPin(digest: Array(repeating: 0xab, count: 32))?.description == String(repeating: "ab", count: 32))
    }

    @Test("a template's mistakes are refused with the field's name")
    func badTemplates() throws {
        var template = CertificateTemplate(commonName: "x", now: Scenario.now)
        template.extensions = [.init(identifier: "not an identifier", value: [5, 0], isCritical: false)]
        let error = #expect(throws: EngineError.self) { try template.issue() }
        #expect(error?.message.contains("not an identifier") == true)
        template.extensions = []
        template.keyKind = .rsa(bits: 8)
        let other = #expect(throws: EngineError.self) { try template.issue() }
        #expect(other?.message.hasPrefix("making a private key") == true)
    }

    private static func expectInvalid(
        _ text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> TLSIdentity
    ) {
        let error = #expect(throws: EngineError.self, sourceLocation: sourceLocation) { try body() }
        #expect(error?.code == .invalidCredentials, sourceLocation: sourceLocation)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
    }

    private static func withFiles<Result>(
        _ bundle: CertificateBundle, _ body: (_ certificate: String, _ key: String) throws -> Result
    ) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tern-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = folder.appendingPathComponent("certificate.pem")
        let key = folder.appendingPathComponent("key.pem")
        try Data(bundle.certificatePEM.utf8).write(to: certificate)
        try Data(bundle.privateKeyPEM.utf8).write(to: key)
        return try body(certificate.path, key.path)
    }
}

/// A throw-away key under a password, which protects nothing: Tern reads encrypted keys and makes none.
private enum EncryptedKeyFixture {
    static var certificatePEM: [UInt8] {
        self.pem(
            "CERTIFICATE",
            """
            MIIBOjCB7aADAgECAhQkaTvZ9Ce42yZWjCcoGJs/tp6E+DAFBgMrZXAwEjEQMA4G
            A1UEAwwHZml4dHVyZTAgFw0yNjExMjAyMDAyMjFaGA8yMTI2MTAyNzIwMDIyMVow
            EjEQMA4GA1UEAwwHZml4dHVyZTAqMAUGAytlcAMhACepCfknEmPW6lE3tJoJgI6V
            JaY0QBvO5chDcEW5FrSjo1MwUTAdBgNVHQ4EFgQUhOBSUEx41AEj+ZSfw9dzasYb
            lw8wHwYDVR0jBBgwFoAUhOBSUEx41AEj+ZSfw9dzasYblw8wDwYDVR0TAQH/BAUw
            AwEB/zAFBgMrZXADQQBOkZxo5aVZTj30+x2c/25p+znmtx9NKnaP7YGWtiwC8Fqq
            6Q/Js8cdWH8pH50K3UGgIzwx2cXWG0bRI8qNKK4H
            """)
    }

    static var privateKeyPEM: [UInt8] {
        self.pem(
            "ENCRYPTED PRIVATE KEY",
            """
            MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg1mRYmzm+0yAICCAAw
            DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEO/91lnPMKXMLvXlGZmzLQEEQG7M
            JRYCxMdO+mQPM0Hd6QzE1f66R3rOYbaMS9JXflWLeMeOZyj/JGyhQPY8ofTts0+p
            r+WyA5kO6RQ33F2PQrY=
            """)
    }

    private static func pem(_ label: String, _ text: String) -> [UInt8] {
        Array("-----BEGIN \(label)-----\n\(text)\n-----END \(label)-----\n".utf8)
    }
}

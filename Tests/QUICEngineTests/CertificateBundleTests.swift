import QUICEngine
import QUICTestSupport
import Testing

@Suite("Certificate bundles from files")
struct CertificateBundleTests {
    private static func reread(_ bundle: CertificateBundle) throws -> CertificateBundle {
        try CertificateBundle(
            certificatePEM: Array(bundle.certificatePEM.utf8), privateKeyPEM: Array(bundle.privateKeyPEM.utf8))
    }

    @Test("an authority that was read from PEM signs as the original does", arguments: IdentityTests.kinds)
    func authority(kind: CertificateTemplate.KeyKind) throws {
        let identities = try TestIdentities(now: Scenario.now, keyKind: kind)
        let authority = try Self.reread(identities.authority)
        #expect(authority.chain == identities.authority.chain)
        let leaf = try CertificateTemplate(commonName: "a.test", names: ["a.test"], now: Scenario.now).issue(
            by: authority)
        // The root is known to whoever trusts it.
        #expect(leaf.chain.count == 1)
        #expect(identities.store.problems(of: leaf.chain, name: "a.test", at: Scenario.now) == [])
    }

    @Test("an intermediate that was read from PEM is sent along")
    func intermediate() throws {
        var template = CertificateTemplate(commonName: "Tern test authority", now: Scenario.now)
        template.isAuthority = true
        let intermediate = try Self.reread(template.issue(by: Scenario.identities.authority))
        let leaf = try CertificateTemplate(commonName: "a.test", names: ["a.test"], now: Scenario.now).issue(
            by: intermediate)
        #expect(leaf.chain.dropFirst() == intermediate.chain[...])
        #expect(Scenario.identities.store.problems(of: leaf.chain, name: "a.test", at: Scenario.now) == [])
    }

    @Test("a key of another certificate, and text that is none, are refused with a reason")
    func mismatch() throws {
        let (one, other) = (try Scenario.identities.bundle(for: ["a"]), try Scenario.identities.bundle(for: ["b"]))
        let error = #expect(throws: EngineError.self) {
            try CertificateBundle(
                certificatePEM: Array(one.certificatePEM.utf8), privateKeyPEM: Array(other.privateKeyPEM.utf8))
        }
        #expect(error?.code == .invalidCredentials)
        #expect(error?.message.contains("another certificate's") == true)
        #expect(throws: EngineError.self) { try CertificateBundle(certificatePEM: [1], privateKeyPEM: [2]) }
    }
}

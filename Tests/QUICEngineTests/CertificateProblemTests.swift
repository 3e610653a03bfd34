import QUICEngine
import QUICTestSupport
import Testing

@Suite("Certificate problems")
struct CertificateProblemTests {
    private static let year: Int64 = 365 * 86_400
    private var store: TrustStore { Scenario.identities.store }

    private func kinds(
        _ chain: [[UInt8]], name: String? = "leaf.test", at now: Int64 = Scenario.now, _ store: TrustStore? = nil
    ) -> [CertificateProblem.Kind] { (store ?? self.store).problems(of: chain, name: name, at: now).map(\.kind) }

    private func leaf(_ configure: (inout CertificateTemplate) -> Void = { _ in }) throws -> [[UInt8]] {
        try Scenario.identities.bundle(for: ["leaf.test", "192.0.2.7"], configure).chain
    }

    @Test("a good certificate has no problems, by name, by address and without a name")
    func good() throws {
        let chain = try self.leaf()
        #expect(self.kinds(chain) == [])
        #expect(self.kinds(chain, name: "192.0.2.7") == [])
        #expect(self.kinds(chain, name: nil) == [])
        #expect(self.kinds(try CertificateDescriptionTests.chain().map(\.der)) == [])
    }

    @Test("a certificate is judged at the time that is asked about")
    func dates() throws {
        let chain = try self.leaf { $0.notAfter = Scenario.now + 86_400 }
        #expect(self.kinds(chain, at: Scenario.now + 86_399) == [])
        let expired = self.store.problems(of: chain, name: "leaf.test", at: Scenario.now + 4 * 86_400)
        #expect(expired.map(\.kind) == [.expired])
        #expect(expired.first?.description.contains("3 days ago") == true)
        let early = self.store.problems(of: chain, name: "leaf.test", at: Scenario.now - 3 * 3_600)
        // The authority is of the same hour.
        #expect(early.map(\.kind) == [.notYetValid, .notYetValid])
        #expect(early.first?.description.contains("in 2 hours") == true)
    }

    @Test("an expired authority is a problem of what it signed")
    func expiredAuthority() throws {
        let chain = try self.leaf { $0.notAfter = Scenario.now + 3 * Self.year }
        let problems = self.store.problems(of: chain, name: "leaf.test", at: Scenario.now + 2 * Self.year)
        #expect(problems.map(\.kind) == [.expired])
        #expect(problems.first?.description.contains("its issuer CN=Tern test authority expired") == true)
    }

    @Test("the names that it is for are told where it is for others")
    func names() throws {
        let problems = self.store.problems(of: try self.leaf(), name: "other.test", at: Scenario.now)
        #expect(problems.map(\.kind) == [.wrongName])
        #expect(problems.first?.description == "it is not for other.test, but for leaf.test, 192.0.2.7")
        #expect(self.kinds(try self.leaf(), name: "192.0.2.8") == [.wrongName])
    }

    @Test("who signed it is told where nobody trusts them")
    func strangers() throws {
        let stranger = try TestIdentities(now: Scenario.now)
        #expect(self.kinds(try self.leaf(), stranger.store) == [.unknownIssuer])
        let own = try CertificateTemplate(commonName: "leaf.test", names: ["leaf.test"], now: Scenario.now).issue()
        let problems = self.store.problems(of: own.chain, name: "leaf.test", at: Scenario.now)
        #expect(problems.map(\.kind) == [.unknownIssuer])
        #expect(problems.first?.description.contains("signed by itself") == true)
        let trusting = try TrustStore(pem: Array(own.certificatePEM.utf8))
        #expect(self.kinds(own.chain, trusting) == [])
    }

    @Test("a missing intermediate certificate is guessed")
    func missingIntermediate() throws {
        let chain = try CertificateDescriptionTests.chain().map(\.der)
        let problems = self.store.problems(of: [chain[0]], name: "leaf.test", at: Scenario.now)
        #expect(problems.map(\.kind) == [.unknownIssuer])
        #expect(problems.first?.description.contains("CN=Tern test intermediate") == true)
        #expect(problems.first?.description.contains("may be missing") == true)
    }

    @Test("a certificate for clients is none for servers")
    func purpose() throws {
        let problems = self.store.problems(
            of: try self.leaf { $0.extensions = [.clientsOnly] }, name: "leaf.test", at: Scenario.now)
        #expect(problems.map(\.kind) == [.wrongPurpose])
        #expect(problems.first?.description.contains("TLS clients") == true)
    }

    @Test("several problems are told together")
    func several() throws {
        let own = try CertificateTemplate(commonName: "x", names: ["x.test"], now: Scenario.now).issue()
        #expect(
            self.kinds(own.chain, name: "y.test", at: Scenario.now + 2 * Self.year)
                == [.unknownIssuer, .expired, .wrongName])
    }

    @Test("a changed certificate has a wrong signature")
    func changed() throws {
        var chain = try self.leaf()
        // The last byte belongs to the signature.
        chain[0][chain[0].count - 1] ^= 1
        #expect(self.kinds(chain) == [.wrongSignature])
        #expect(self.kinds([[1, 2, 3]]) == [.unreadable])
        #expect(self.kinds([]) == [.unreadable])
    }
}

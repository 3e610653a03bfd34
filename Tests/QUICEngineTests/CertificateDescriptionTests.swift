import QUICEngine
import QUICTestSupport
import Testing

@Suite("Certificate descriptions")
struct CertificateDescriptionTests {
    @Test("what a template says is what is read, for keys of any kind", arguments: IdentityTests.kinds)
    func roundTrip(kind: CertificateTemplate.KeyKind) throws {
        let names = ["shop.test", "192.0.2.7", "2001:db8::1"]
        let bundle = try Scenario.identities.bundle(for: names, keyKind: kind) { $0.notAfter = Scenario.now + 100 }
        let read = try CertificateDescription(der: bundle.chain[0])
        #expect(read.subject == "CN=shop.test")
        #expect(read.issuer == "CN=Tern test authority")
        #expect(read.names == names)
        #expect(read.notBefore == Scenario.now - 3_600)
        #expect(read.notAfter == Scenario.now + 100)
        #expect(!read.isAuthority)
        #expect(!read.isSelfSigned)
        #expect(read.keyUsages == ["digital signature"])
        #expect(read.serialNumber.count == 32)
        #expect(read.sha256.count == 32)
        #expect(read.sha1.count == 20)
        #expect(read.pin == (try TLSIdentity(bundle)).pin)
        switch kind {
        case .ed25519: #expect(read.keyKind == "Ed25519")
        case .ecdsaP256: #expect((read.keyKind, read.keyBits) == ("ECDSA P-256", 256))
        case .ecdsaP384: #expect((read.keyKind, read.keyBits) == ("ECDSA P-384", 384))
        case .rsa(let bits): #expect((read.keyKind, read.keyBits) == ("RSA", bits))
        }
    }

    @Test("an authority is one, and signed by itself")
    func authority() throws {
        let read = try CertificateDescription(der: Scenario.identities.authority.chain[0])
        #expect(read.isAuthority)
        #expect(read.isSelfSigned)
        #expect(read.signatureAlgorithm == "EdDSA-Ed25519")
        #expect(read.keyUsages == ["certificate signing", "CRL signing"])
    }

    @Test("each serial number is positive and has 16 bytes, none of which is lost as a leading zero")
    func serialNumbers() throws {
        let key = try SigningKey.generate(.ed25519)
        let bare = BareCertificate(extensions: [], notBefore: Scenario.now, notAfter: Scenario.now + 100)
        for _ in 0..<2_000 {
            for der in [try Scenario.identities.bundle(for: ["a.test"]).chain[0], try bare.der(for: key)] {
                let serial = try CertificateDescription(der: der).serialNumber
                #expect(serial.count == 32)
                #expect(("4"..."7").contains(serial.prefix(1)))
            }
        }
    }

    @Test("PEM is read as it was written, in its order")
    func pem() throws {
        let chain = try Self.chain()
        let text = chain.map(\.pem).joined(separator: "some words\n")
        #expect(try CertificateDescription.all(pem: Array(text.utf8)) == chain)
        #expect(throws: EngineError.self) { try CertificateDescription.all(pem: Array("nothing".utf8)) }
    }

    @Test("purposes are told in words, and as numbers where they have no name")
    func purposes() throws {
        let bundle = try Scenario.identities.bundle(for: ["a.test"]) { $0.extensions = [.clientsOnly] }
        #expect(try CertificateDescription(der: bundle.chain[0]).purposes == ["TLS clients"])
    }

    @Test("dates in the wrong order, and damaged bytes, are no trap")
    func strange() throws {
        let bundle = try Scenario.identities.bundle(for: ["a.test"]) {
            $0.notBefore = Scenario.now + 10
            $0.notAfter = Scenario.now - 10
        }
        #expect(try CertificateDescription(der: bundle.chain[0]).notAfter == Scenario.now - 10)
        var random = SplitMix(seed: 7)
        for _ in 0..<300 {
            var der = bundle.chain[0]
            for _ in 0..<3 { der[Int.random(in: der.indices, using: &random)] = .random(in: 0...255, using: &random) }
            _ = try? CertificateDescription(der: der)
        }
        for count in [0, 1, 40, bundle.chain[0].count - 1] {
            #expect(throws: EngineError.self) { try CertificateDescription(der: Array(bundle.chain[0].prefix(count))) }
        }
    }

    @Test("a chain is in order when each certificate is signed by the next")
    func order() throws {
        let chain = try Self.chain()
        #expect(CertificateDescription.orderProblem(in: chain) == nil)
        #expect(CertificateDescription.orderProblem(in: [chain[0]]) == nil)
        #expect(CertificateDescription.orderProblem(in: []) == nil)
        let swapped = CertificateDescription.orderProblem(in: [chain[0], chain[2], chain[1]])
        #expect(swapped?.contains("certificate 1 is signed by certificate 3") == true)
        let gap = CertificateDescription.orderProblem(in: [chain[0], chain[2]])
        #expect(gap?.contains("its issuer is not in the chain") == true)
        let behindRoot = CertificateDescription.orderProblem(in: [chain[1], chain[2], chain[0]])
        #expect(behindRoot?.contains("is a root") == true)
    }

    @Test("authorities of one name are told apart by their keys")
    func sameName() throws {
        let other = try TestIdentities(now: Scenario.now)
        let leaf = try CertificateDescription(der: other.bundle(for: ["a.test"]).chain[0])
        #expect(leaf.isIssued(by: try CertificateDescription(der: other.authority.chain[0])))
        #expect(!leaf.isIssued(by: try CertificateDescription(der: Scenario.identities.authority.chain[0])))
    }

    /// The own certificate, an intermediate, and the root.
    static func chain() throws -> [CertificateDescription] {
        var template = CertificateTemplate(commonName: "Tern test intermediate", now: Scenario.now)
        template.isAuthority = true
        let intermediate = try template.issue(by: Scenario.identities.authority)
        let leaf = try CertificateTemplate(commonName: "leaf", names: ["leaf.test"], now: Scenario.now).issue(
            by: intermediate)
        let all = leaf.chain + Scenario.identities.authority.chain
        return try all.map { try CertificateDescription(der: $0) }
    }
}

/// Random numbers that are the same every time.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var word = self.state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}

internal import QUICEngine
internal import Testing

@testable internal import LibP2P

@Suite struct PeerVerificationTests {
    static let now: Int64 = 1_900_000_000

    /// What a certificate should look like, to be made wrong.
    struct Recipe {
        var certificate = BareCertificate(extensions: [], notBefore: now - 3_600, notAfter: now + 3_600)
        var host: PrivateKey
        var isCritical = false
        var kind = CertificateTemplate.KeyKind.ecdsaP256
        /// Changes the extension's value.
        var change: ([UInt8]) -> [UInt8] = { $0 }

        init(host: PrivateKey? = nil) throws { self.host = try host ?? .generate() }

        func der() throws -> [UInt8] {
            let key = try SigningKey.generate(self.kind)
            let proof = try HostCertificate.proof(by: self.host, for: key.subjectPublicKeyInfo)
            var certificate = self.certificate
            certificate.extensions.append(
                .init(identifier: proof.identifier, value: self.change(proof.value), isCritical: self.isCritical))
            return try certificate.der(for: key)
        }
    }

    private func verify(_ recipe: Recipe, expecting: PeerID? = nil) throws -> Result<AuthenticatedPeer, PeerRejection> {
        PeerVerification.verify(chain: [try recipe.der()], expecting: expecting, at: Self.now)
    }

    private func rejection(_ recipe: Recipe) throws -> TLSAlert? {
        guard case .failure(let rejection) = try self.verify(recipe) else { return nil }
        return rejection.alert
    }

    @Test("The certificate that a host makes tells who it is, for a key of each type", arguments: PrivateKeyTests.types)
    func own(type: PublicKeyMessage.KeyType) throws {
        let key = try PrivateKey.generate(type)
        let identity = try HostCertificate.make(for: key)
        let structure = try #require(identity.chain.first.flatMap { CertificateStructure(der: $0) })
        let inside = structure.notBefore + 3_600
        let peer = try PeerVerification.verify(chain: identity.chain, expecting: key.peerID, at: inside).get()
        #expect(peer.id == key.peerID)
        #expect(peer.key == key.publicKey)
        #expect(PeerVerification.peer(ofAccepted: identity.chain) == peer)
        #expect(structure.version == 3)
        #expect(structure.extensions.map(\.isCritical) == [false])
        #expect(structure.notAfter - structure.notBefore == 36_525 * 86_400 + 3_600)
        // To the second, both ends belong to it (RFC 5280 §4.1.2.5).
        for (time, isGood) in [
            (structure.notBefore, true), (structure.notBefore - 1, false), (structure.notAfter, true),
            (structure.notAfter + 1, false), (.max, false), (.min, false),
        ] {
            let verdict = PeerVerification.verify(chain: identity.chain, at: time)
            #expect((try? verdict.get()) == (isGood ? peer : nil), "\(time)")
            if case .failure(let rejection) = verdict { #expect(rejection.alert == .certificateExpired) }
        }
    }

    @Test("Two certificates of one host have different keys and serial numbers")
    func fresh() throws {
        let key = try PrivateKey.generate()
        let descriptions = try (0..<2).map { _ in
            try CertificateDescription(der: try #require(HostCertificate.make(for: key).chain.first))
        }
        #expect(Set(descriptions.map(\.publicKey)).count == 2)
        #expect(Set(descriptions.map(\.serialNumber)).count == 2)
        #expect(descriptions.allSatisfy { $0.keyKind == "ECDSA P-256" && $0.keyUsages.isEmpty && !$0.isAuthority })
    }

    @Test("Critical or not, beside others that are not critical, with a certificate key of any kind: accepted")
    func accepted() throws {
        var recipe = try Recipe()
        recipe.isCritical = true
        #expect(try self.verify(recipe).get().id == recipe.host.peerID)
        recipe.certificate.extensions = [.init(identifier: "1.2.3.4", value: [5, 0], isCritical: false)]
        #expect(try self.verify(recipe).get().id == recipe.host.peerID)
        for kind: CertificateTemplate.KeyKind in [.ed25519, .ecdsaP384, .rsa(bits: 2_048)] {
            recipe.kind = kind
            #expect(try self.verify(recipe).get().id == recipe.host.peerID, "\(kind)")
        }
    }

    @Test("Another peer than the expected one is refused, with the names of both")
    func expected() throws {
        let recipe = try Recipe()
        #expect(try self.verify(recipe, expecting: recipe.host.peerID).get().id == recipe.host.peerID)
        let other = try PrivateKey.generate().peerID
        guard case .failure(let rejection) = try self.verify(recipe, expecting: other) else {
            Issue.record("another peer was taken for the expected one")
            return
        }
        #expect(rejection.alert == .certificateUnknown)
        #expect(rejection.reason == "this is \(recipe.host.peerID), not \(other)")
    }

    @Test("Expired, not yet good, another critical extension, version 1, no extension: each has its alert")
    func shapes() throws {
        var recipe = try Recipe()
        recipe.certificate.notAfter = Self.now - 1
        #expect(try self.rejection(recipe) == .certificateExpired)
        recipe = try Recipe()
        recipe.certificate.notBefore = Self.now + 1
        #expect(try self.rejection(recipe) == .certificateExpired)
        recipe = try Recipe()
        recipe.certificate.extensions = [.init(identifier: "1.2.3.4", value: [5, 0], isCritical: true)]
        #expect(try self.rejection(recipe) == .unsupportedCertificate)
        var bare = BareCertificate(extensions: [], notBefore: Self.now, notAfter: Self.now)
        for (version, words) in [(UInt32(3), "no libp2p extension"), (1, "version 1")] {
            bare.version = version
            let der = try bare.der(for: .generate(.ecdsaP256))
            guard case .failure(let rejection) = PeerVerification.verify(chain: [der], at: Self.now) else {
                Issue.record("a certificate of version \(version) without the extension was accepted")
                continue
            }
            #expect(rejection.alert == .badCertificate)
            #expect(rejection.reason.contains(words), "\(rejection)")
        }
    }

    @Test("No certificate, two, an empty one, one that is too long: each has its alert")
    func chains() throws {
        let good = try Recipe().der()
        let table: [([[UInt8]], TLSAlert)] = [
            ([], .certificateRequired), ([good, good], .badCertificate), ([[]], .badCertificate),
            ([good + [0]], .badCertificate), ([Array(good.dropLast())], .badCertificate),
            ([[UInt8](repeating: 0x30, count: 16_385)], .badCertificate),
        ]
        for (chain, alert) in table {
            guard case .failure(let rejection) = PeerVerification.verify(chain: chain, at: Self.now) else {
                Issue.record("\(chain.map(\.count)) bytes were accepted")
                continue
            }
            #expect(rejection.alert == alert, "\(chain.map(\.count)): \(rejection)")
        }
    }

    @Test("An extension that is not exactly the key and its signature is refused")
    func values() throws {
        let changes: [([UInt8]) -> [UInt8]] = [
            { _ in [] }, { $0 + [0] }, { Array($0.dropLast()) }, { [0x31] + $0.dropFirst() },
            { [0x30, 0x81] + $0.dropFirst() }, { _ in [0x30, 0] },
        ]
        for (index, change) in changes.enumerated() {
            var recipe = try Recipe()
            recipe.change = change
            #expect(try self.rejection(recipe) == .badCertificate, "\(index)")
        }
    }

    @Test("The extension of one certificate in another is refused")
    func moved() throws {
        let key = try PrivateKey.generate()
        let proof = try HostCertificate.proof(by: key, for: SigningKey.generate(.ecdsaP256).subjectPublicKeyInfo)
        let thief = try SigningKey.generate(.ecdsaP256)
        let der = try BareCertificate(extensions: [proof], notBefore: Self.now, notAfter: Self.now).der(for: thief)
        guard case .failure(let rejection) = PeerVerification.verify(chain: [der], at: Self.now) else {
            Issue.record("the proof of another certificate was accepted")
            return
        }
        #expect(rejection.alert == .badCertificate)
    }

    @Test(
        "No certificate with a changed byte is accepted, and none of random bytes does harm",
        arguments: PrivateKeyTests.types)
    func tampering(type: PublicKeyMessage.KeyType) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        let good = try Recipe(host: .generate(type)).der()
        for index in good.indices {
            var changed = good
            changed[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            #expect((try? PeerVerification.verify(chain: [changed], at: Self.now).get()) == nil, "byte \(index)")
        }
        for _ in 0..<500 {
            var bytes = [UInt8].random(count: Int.random(in: 0...600, using: &random), using: &random)
            if bytes.count > 4 {
                bytes.replaceSubrange(
                    0..<4, with: [0x30, 0x82, UInt8(bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count - 4)])
            }
            #expect((try? PeerVerification.verify(chain: [bytes], at: Self.now).get()) == nil)
        }
    }
}

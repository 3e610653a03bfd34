internal import QUICEngine
internal import Testing

@testable internal import LibP2P

@Suite struct SignedKeyTests {
    @Test("Parts of every length come back, in the lengths of DER")
    func roundTrip() throws {
        for (first, second) in [(0, 0), (36, 64), (36, 127), (128, 1), (294, 256), (1_062, 1_024), (65_536, 70_000)] {
            let signed = SignedKey(
                publicKey: [UInt8](repeating: 1, count: first), signature: [UInt8](repeating: 2, count: second))
            #expect(SignedKey(der: signed.der) == signed, "\(first) and \(second) bytes")
        }
        let small = SignedKey(publicKey: [1, 2], signature: [3])
        #expect(small.der.hex == "30070402010204 0103".filter { $0 != " " })
    }

    private static let malformed = [
        "", "30", "3000", "3080", "30070402010204 0103 00", "3008 0402 0102 0401 03 00", "3107 0402 0102 0401 03",
        "3004 0402 0102", "3007 0302 0102 0401 03", "3007 0402 0102 0301 03", "308107 0402 0102 0401 03",
        "3008 048102 0102 0401 03", "3082 0007 0402 0102 0401 03", "3006 0402 0102 0401 03", "3007 0402 0102 0402 03",
        "300a 0402 0102 0401 03 0401 04", "30 84 00000007 0402 0102 0401 03", "30 ff 0402 0102 0401 03",
        "3007 2402 0102 0401 03", "3007 1f02 0102 0401 03",
    ]

    @Test("Everything that is not DER of two octet strings is refused", arguments: malformed)
    func refused(hex: String) {
        #expect(SignedKey(der: [UInt8](hex: hex)) == nil)
    }

    @Test("The identifier in DER is the one in dots")
    func identifier() throws {
        let key = try SigningKey.generate(.ecdsaP256)
        let proof = CertificateTemplate.Extension(identifier: SignedKey.identifier, value: [4, 0], isCritical: false)
        let der = try BareCertificate(extensions: [proof], notBefore: 0, notAfter: 1).der(for: key)
        #expect(CertificateStructure(der: der)?.extensions.map(\.identifier) == [SignedKey.encodedIdentifier])
    }
}

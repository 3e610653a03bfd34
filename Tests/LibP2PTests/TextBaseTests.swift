internal import Testing

@testable internal import LibP2P

@Suite struct TextBaseTests {
    /// Made with big integers and the base64 module of Python.
    private static let known: [(hex: String, base58: String, base36: String, base32: String)] = [
        ("", "", "", ""),
        ("00", "1", "0", "aa"),
        ("000001", "112", "001", "aaaac"),
        ("68656c6c6f20776f726c64", "StV1DL6CwTryKyV", "fuvrsivvnfrbjwajo", "nbswy3dpeb3w64tmmq"),
        ("ffffffffffffffff", "jpXCZedGfVQ", "3w5e11264sgsf", "7777777777776"),
        ("0102030405060708", "An6UebxCZd", "jv30clup820", "aebagbafaydqq"),
    ]

    @Test("Known bytes have known texts in all three bases", arguments: known)
    func examples(_ example: (hex: String, base58: String, base36: String, base32: String)) throws {
        let bytes = [UInt8](hex: example.hex)
        #expect(Base58.encode(bytes) == example.base58)
        #expect(try Base58.decode(example.base58[...]) == bytes)
        #expect(try Base36.decode(example.base36[...]) == bytes)
        #expect(try Base32.decode(example.base32[...]) == bytes)
    }

    @Test("Characters outside base58 are rejected", arguments: ["0", "O", "I", "l", "2 3", "2-", "é", "\u{0}", "1\n"])
    func base58Alphabet(_ text: String) {
        #expect(throws: LibP2PError.self) { try Base58.decode(text[...]) }.map { #expect($0.code == .invalidCharacter) }
    }

    @Test(
        "Upper case, padding and the digits that look like letters are no base32",
        arguments: [
            "AA", "aA", "aa======", "a0", "a1", "a8", "a9", "a_", "é",
        ])
    func base32Alphabet(_ text: String) {
        #expect(throws: LibP2PError.self) { try Base32.decode(text[...]) }.map { #expect($0.code == .invalidCharacter) }
    }

    @Test("Upper case and signs are no base36", arguments: ["A", "Z", "0-", "+1", " 1", "ß"])
    func base36Alphabet(_ text: String) {
        #expect(throws: LibP2PError.self) { try Base36.decode(text[...]) }.map { #expect($0.code == .invalidCharacter) }
    }

    @Test("Base32 of a length that no bytes have is rejected", arguments: [1, 3, 6, 9, 11, 14])
    func base32Lengths(_ count: Int) {
        let error = #expect(throws: LibP2PError.self) { try Base32.decode(String(repeating: "a", count: count)[...]) }
        #expect(error?.code == .truncated)
    }

    @Test("Base32 with bits after the last byte is rejected", arguments: ["ab", "a7", "aaab", "aaaab", "aaaaaab"])
    func base32LooseBits(_ text: String) {
        let error = #expect(throws: LibP2PError.self) { try Base32.decode(text[...]) }
        #expect(error?.code == .notMinimal)
    }

    @Test("Text of 128 characters is read, one more is refused before any work is done")
    func lengths() throws {
        let longest = String(repeating: "1", count: 128)
        #expect(try Base58.decode(longest[...]) == [UInt8](repeating: 0, count: 128))
        let tooLong = String(repeating: "a", count: 129)
        for decode in [Base58.decode, Base36.decode, Base32.decode] as [(Substring) throws -> [UInt8]] {
            let error = #expect(throws: LibP2PError.self) { try decode(tooLong[...]) }
            #expect(error?.code == .tooLong)
        }
    }

    @Test("The message about a wrong character counts from the start of the whole text and echoes no control code")
    func positions() {
        let text = "zab\u{1B}"
        let error = #expect(throws: LibP2PError.self) { try Base58.decode(text.dropFirst()) }
        #expect(error?.description == "the byte 0x1b at position 3 is not part of base58btc")
    }

    @Test(
        "Random bytes come back from each base, and agree with slow encoders", arguments: 1...4 as ClosedRange<UInt64>)
    func roundTrips(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<300 {
            var bytes = [UInt8].random(count: Int.random(in: 0...60, using: &random), using: &random)
            if random.next() % 4 == 0 { bytes = [0, 0] + bytes }
            let base58 = Base58.encode(bytes)
            #expect(base58 == ReferenceText.positional(bytes, alphabet: ReferenceText.base58), "seed \(seed)")
            #expect(try Base58.decode(base58[...]) == bytes, "seed \(seed)")
            let base36 = ReferenceText.positional(bytes, alphabet: ReferenceText.base36)
            #expect(try Base36.decode(base36[...]) == bytes, "seed \(seed)")
            #expect(try Base32.decode(ReferenceText.base32(bytes)[...]) == bytes, "seed \(seed)")
        }
    }

    @Test("Whatever random text is accepted is the text that would be written", arguments: [5, 6] as [UInt64])
    func onlyOneForm(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        func text(of alphabet: [Character]) -> String {
            String(
                (0..<Int.random(in: 0...40, using: &random)).compactMap { _ in alphabet.randomElement(using: &random) })
        }
        for _ in 0..<500 {
            let base58 = text(of: ReferenceText.base58)
            #expect(Base58.encode(try Base58.decode(base58[...])) == base58, "seed \(seed)")
            let base36 = text(of: ReferenceText.base36)
            let bytes = try Base36.decode(base36[...])
            #expect(ReferenceText.positional(bytes, alphabet: ReferenceText.base36) == base36, "seed \(seed)")
            let base32 = text(of: ReferenceText.base32)
            guard let bytes = try? Base32.decode(base32[...]) else { continue }
            #expect(ReferenceText.base32(bytes) == base32, "seed \(seed)")
        }
    }
}

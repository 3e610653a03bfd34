internal import LibP2P
internal import Testing

@Suite struct MultihashTests {
    @Test("A SHA-256 hash is 0x12, the length 32 and the digest")
    func sha256() throws {
        let hash = Multihash(sha256Of: Array("abc".utf8))
        #expect(hash.function == .sha256)
        #expect(hash.bytes.hex == "1220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(try Multihash(hash.bytes) == hash)
    }

    @Test("An identity hash is 0x00, the length and the data, at lengths of one and of two varint bytes")
    func identity() throws {
        #expect(Multihash(identityOf: []).bytes.hex == "0000")
        #expect(Multihash(identityOf: [1, 2, 3]).bytes.hex == "0003010203")
        let long = Multihash(identityOf: [UInt8](repeating: 7, count: 200))
        #expect(long.bytes.prefix(3) == [0x00, 0xC8, 0x01])
        #expect(try Multihash(long.bytes) == long)
    }

    private static let digest = String(repeating: "ab", count: 32)
    private static let rejected: [(String, LibP2PError.Code)] = [
        ("", .truncated), ("00", .truncated), ("12", .truncated), ("0001", .truncated), ("000201", .truncated),
        ("12 20 \(String(repeating: "ab", count: 31))", .truncated),
        ("12 20 \(digest) 00", .trailingBytes), ("0000 00", .trailingBytes), ("0001 aa bb", .trailingBytes),
        ("12 1f \(String(repeating: "ab", count: 31))", .malformed), ("12 00", .malformed),
        ("12 21 \(digest) ab", .malformed), ("12 ffffffffffffffff7f", .malformed),
        ("00 ffffffffffffffff7f", .truncated),
        ("11 14 \(String(repeating: "ab", count: 20))", .unsupported), ("13 20 \(digest)", .unsupported),
        ("16 20 \(digest)", .unsupported), ("9220 20 \(digest)", .unsupported), ("01 00", .unsupported),
        ("8000 00", .notMinimal), ("9200 20 \(digest)", .notMinimal), ("12 a000 \(digest)", .notMinimal),
        ("00 8000", .notMinimal), ("00 ffffffffffffffffff01", .tooLong),
    ]

    @Test("What is no identity or SHA-256 hash to the last byte is rejected", arguments: rejected)
    func rejections(hex: String, code: LibP2PError.Code) {
        let error = #expect(throws: LibP2PError.self) { try Multihash([UInt8](hex: hex)) }
        #expect(error?.code == code)
    }

    @Test("Hashes of the same digest by different functions differ")
    func functionCounts() throws {
        let hash = Multihash(sha256Of: [1])
        #expect(Multihash(identityOf: hash.digest) != hash)
    }

    @Test("Whatever random bytes are accepted are the bytes that would be written", arguments: [1, 2] as [UInt64])
    func onlyOneForm(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var accepted = 0
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...40, using: &random)
            let head: [UInt8] = random.next() % 2 == 0 ? [0, UInt8(count)] : [0x12, 32]
            let bytes = head + [UInt8].random(count: count, using: &random)
            guard let hash = try? Multihash(bytes) else { continue }
            accepted += 1
            #expect(hash.bytes == bytes, "seed \(seed)")
        }
        #expect(accepted > 1_000)
    }
}

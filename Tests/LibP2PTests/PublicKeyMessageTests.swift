internal import LibP2P
internal import Testing

@Suite struct PublicKeyMessageTests {
    private static let key32 = [UInt8](0..<32)

    @Test("An Ed25519 key has exactly these bytes")
    func ed25519() throws {
        let message = try PublicKeyMessage(type: .ed25519, key: Self.key32)
        #expect(message.encoded.hex == "08011220" + Self.key32.hex)
        #expect(try PublicKeyMessage(decoding: message.encoded) == message)
    }

    @Test("A key above 127 bytes has a length of two bytes")
    func rsa() throws {
        let key = [UInt8](repeating: 5, count: 294)
        let message = try PublicKeyMessage(type: .rsa, key: key)
        #expect(message.encoded.prefix(5) == [0x08, 0x00, 0x12, 0xA6, 0x02])
        #expect(try PublicKeyMessage(decoding: message.encoded) == message)
    }

    private static let hex32 = String(repeating: "ab", count: 32)
    private static let rejected: [(String, String, LibP2PError.Code)] = [
        ("nothing at all", "", .truncated),
        ("the type alone", "0801", .truncated),
        ("a tag without its type", "08", .truncated),
        ("a tag without its length", "080112", .truncated),
        ("a length without its key", "08011220", .truncated),
        ("a key one byte short", "08011220 \(String(repeating: "ab", count: 31))", .truncated),
        ("a length of 63 bits", "080112 ffffffffffffffff7f", .truncated),
        ("a byte after the key", "08011220 \(hex32) 00", .trailingBytes),
        ("the type after the key", "1220 \(hex32) 0801", .malformed),
        ("the type twice", "0801 0801 1220 \(hex32)", .malformed),
        ("the key twice", "0801 1220 \(hex32) 1220 \(hex32)", .trailingBytes),
        ("an unknown field in front", "1800 0801 1220 \(hex32)", .malformed),
        ("an unknown field between", "0801 1800 1220 \(hex32)", .malformed),
        ("an unknown field behind", "0801 1220 \(hex32) 1800", .trailingBytes),
        ("the type as bytes", "0a0101 1220 \(hex32)", .malformed),
        ("the key as a varint", "0801 1020", .malformed),
        ("a padded tag", "8800 01 1220 \(hex32)", .malformed),
        ("a padded type", "08 8100 1220 \(hex32)", .notMinimal),
        ("a padded length", "0801 12 a000 \(hex32)", .notMinimal),
        ("a length of ten bytes", "0801 12 80808080808080808001", .tooLong),
        ("key type 4", "0804 1220 \(hex32)", .unsupported),
        ("key type 2⁶³ - 1", "08 ffffffffffffffff7f 1220 \(hex32)", .unsupported),
        ("an Ed25519 key of 31 bytes", "0801121f \(String(repeating: "ab", count: 31))", .malformed),
        ("an Ed25519 key of 33 bytes", "08011221 \(hex32) ab", .malformed),
        ("a Secp256k1 key of 32 bytes", "08021220 \(hex32)", .malformed),
        ("an uncompressed Secp256k1 key", "08021241 04 \(hex32) \(hex32)", .malformed),
        ("an empty RSA key", "08001200", .malformed),
        ("an empty ECDSA key", "08031200", .malformed),
    ]

    @Test("Anything but the two fields once and in order is rejected", arguments: rejected)
    func rejections(what: String, hex: String, code: LibP2PError.Code) {
        let error = #expect(throws: LibP2PError.self) { try PublicKeyMessage(decoding: [UInt8](hex: hex)) }
        #expect(error?.code == code, "\(what)")
    }

    @Test("A key of a length that its type never has cannot be wrapped")
    func lengths() throws {
        let table: [(PublicKeyMessage.KeyType, good: [Int], bad: [Int])] = [
            (.ed25519, [32], [0, 31, 33, 64]), (.secp256k1, [33], [0, 32, 34, 65]),
            (.rsa, [1, 294, 2_048], [0, 2_049]), (.ecdsa, [1, 91, 2_048], [0, 2_049]),
        ]
        for (type, good, bad) in table {
            for count in good {
                #expect(try PublicKeyMessage(type: type, key: [UInt8](repeating: 3, count: count)).key.count == count)
            }
            for count in bad {
                let error = #expect(throws: LibP2PError.self) {
                    try PublicKeyMessage(type: type, key: [UInt8](repeating: 3, count: count))
                }
                #expect(error?.code == .malformed, "\(type), \(count) bytes")
            }
        }
    }

    @Test(
        "Random keys of each type come back, and no shorter input is taken for one", arguments: [1, 2, 3] as [UInt64])
    func roundTrips(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for type in PublicKeyMessage.KeyType.allCases {
            let count = type == .ed25519 ? 32 : type == .secp256k1 ? 33 : Int.random(in: 1...600, using: &random)
            let message = try PublicKeyMessage(type: type, key: .random(count: count, using: &random))
            #expect(try PublicKeyMessage(decoding: message.encoded) == message, "seed \(seed)")
            for cut in 0..<message.encoded.count {
                let error = #expect(throws: LibP2PError.self) {
                    try PublicKeyMessage(decoding: Array(message.encoded.prefix(cut)))
                }
                #expect(error?.code == .truncated, "seed \(seed), \(type), cut to \(cut)")
            }
        }
    }

    @Test(
        "A message with one changed byte is rejected or is the encoding of another key", arguments: [4, 5] as [UInt64])
    func onlyOneForm(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for type in PublicKeyMessage.KeyType.allCases {
            let count = type == .ed25519 ? 32 : type == .secp256k1 ? 33 : 200
            let message = try PublicKeyMessage(type: type, key: .random(count: count, using: &random))
            for position in message.encoded.indices {
                var changed = message.encoded
                changed[position] ^= UInt8.random(in: 1...255, using: &random)
                guard let other = try? PublicKeyMessage(decoding: changed) else { continue }
                #expect(other.encoded == changed, "seed \(seed)")
                #expect(other != message, "seed \(seed)")
            }
        }
    }
}

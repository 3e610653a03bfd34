internal import Secp256k1
internal import Testing

@testable internal import LibP2P

@Suite struct PrivateKeyTests {
    static let types = PublicKeyMessage.KeyType.allCases

    @Test(
        "A key of each type comes back from its encoding, and what it signs is valid for no other message",
        arguments: types)
    func roundTrip(type: PublicKeyMessage.KeyType) throws {
        let key = try PrivateKey.generate(type)
        let again = try PrivateKey(decoding: key.encoded)
        #expect(again.encoded == key.encoded)
        #expect(again.peerID == key.peerID)
        #expect(again.publicKey == key.publicKey)
        #expect(key.publicKey.message.type == type)
        #expect(key.peerID == PeerID(publicKey: key.publicKey.message))

        let message = Array("a message".utf8)
        for signer in [key, again] {
            let signature = try signer.sign(message)
            #expect(key.publicKey.isValid(signature: signature, of: message))
            #expect(!key.publicKey.isValid(signature: signature, of: message + [0]))
            #expect(!key.publicKey.isValid(signature: Array(signature.dropLast()), of: message))
            for index in signature.indices where index % 7 == 0 {
                var damaged = signature
                damaged[index] ^= 0x10
                #expect(!key.publicKey.isValid(signature: damaged, of: message), "byte \(index)")
            }
        }
        let other = try PrivateKey.generate(type)
        #expect(other.peerID != key.peerID)
        #expect(!other.publicKey.isValid(signature: try key.sign(message), of: message))
    }

    @Test("The encodings have the lengths that peer-ids gives, and an Ed25519 key has its public part at its end")
    func lengths() throws {
        let ed25519 = try PrivateKey.generate()
        #expect(ed25519.type == .ed25519)
        #expect(ed25519.encoded.prefix(4) == [0x08, 0x01, 0x12, 0x40])
        #expect(ed25519.encoded.count == 68)
        #expect(Array(ed25519.encoded.suffix(32)) == ed25519.publicKey.message.key)
        let secp256k1 = try PrivateKey.generate(.secp256k1)
        #expect(secp256k1.encoded.prefix(4) == [0x08, 0x02, 0x12, 0x20])
        #expect(secp256k1.encoded.count == 36)
        #expect(secp256k1.publicKey.message.key.count == 33)
        #expect("\(ed25519.peerID)".hasPrefix("12D3KooW"))
        #expect("\(secp256k1.peerID)".hasPrefix("16Uiu2HA"))
        #expect("\(try PrivateKey.generate(.ecdsa).peerID)".hasPrefix("Qm"))
    }

    @Test("A description tells whose key it is, and nothing of the key")
    func description() throws {
        let key = try PrivateKey(secret: [UInt8](repeating: 7, count: 32))
        #expect("\(key)" == "the private key of \(key.peerID)")
    }

    /// RFC 8032 §7.1, test 1; the others are the generators of their curves, because 1 · G = G (SEC 2 §2.4.1, §2.4.2).
    private static let known: [(PublicKeyMessage.KeyType, secret: String, publicKey: String)] = [
        (
            .ed25519, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        ),
        (
            .secp256k1, "00000000000000000000000000000000 00000000000000000000000000000001",
            "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        ),
        (
            .ecdsa, "00000000000000000000000000000000 00000000000000000000000000000001",
            "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        ),
    ]

    @Test("A secret of 32 bytes gives the key that the standards give", arguments: known)
    func secrets(type: PublicKeyMessage.KeyType, secret: String, publicKey: String) throws {
        let key = try PrivateKey(secret: [UInt8](hex: secret), type: type)
        #expect(key.publicKey.message.key.hex.hasSuffix(publicKey))
        let again = try PrivateKey(decoding: key.encoded)
        #expect(again.peerID == key.peerID)
        #expect(key.publicKey.isValid(signature: try again.sign([1]), of: [1]))
    }

    @Test("Secrets of other lengths, 0, the curve's order and above, and any for RSA are refused")
    func wrongSecrets() {
        let zero = [UInt8](repeating: 0, count: 32)
        let full = [UInt8](repeating: 0xFF, count: 32)
        let p256Order = [UInt8](hex: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        let table: [([UInt8], PublicKeyMessage.KeyType, LibP2PError.Code)] = [
            ([], .ed25519, .invalidConfiguration), (Array(zero.dropLast()), .ed25519, .invalidConfiguration),
            (zero + [0], .secp256k1, .invalidConfiguration), (full, .rsa, .invalidConfiguration),
            (zero, .secp256k1, .malformed), (full, .secp256k1, .malformed), (zero, .ecdsa, .malformed),
            (full, .ecdsa, .malformed), (p256Order, .ecdsa, .malformed),
        ]
        for (secret, type, code) in table {
            let error = #expect(throws: LibP2PError.self) { try PrivateKey(secret: secret, type: type) }
            #expect(error?.code == code, "\(type), \(secret.hex)")
        }
    }

    @Test("An Ed25519 key of 96 bytes, as older files have it, is the same key; a public part of another is refused")
    func legacy() throws {
        let key = try PrivateKey.generate()
        let (secret, own) = (Array(key.encoded[4..<36]), key.publicKey.message.key)
        func decode(_ parts: [UInt8]...) throws -> PrivateKey {
            let content = PrivateKeyMessage(type: .ed25519, key: parts.flatMap { $0 })
            return try PrivateKey(decoding: content.encoded)
        }
        #expect(try decode(secret, own).encoded == key.encoded)
        #expect(try decode(secret, own, own).encoded == key.encoded)
        let other = try PrivateKey.generate().publicKey.message.key
        for parts in [
            [secret, other], [secret, own, other], [secret, other, own], [secret], [secret, own, [0]], [],
        ] {
            let error = #expect(throws: LibP2PError.self) { try decode(parts.flatMap { $0 }) }
            #expect(error?.code == .malformed)
        }
    }

    private static let hex64 = String(repeating: "ab", count: 64)
    private static let rejected: [(String, String, LibP2PError.Code)] = [
        ("nothing at all", "", .truncated),
        ("the type alone", "0801", .truncated),
        ("a key one byte short", "08011240 \(hex64.dropLast(2))", .truncated),
        ("a length of 63 bits", "080112 ffffffffffffffff7f", .truncated),
        ("a byte after the key", "08011240 \(hex64) 00", .trailingBytes),
        ("the type after the key", "1240 \(hex64) 0801", .malformed),
        ("the type twice", "0801 0801 1240 \(hex64)", .malformed),
        ("a padded type", "08 8100 1240 \(hex64)", .notMinimal),
        ("key type 4", "0804 1240 \(hex64)", .unsupported),
        ("a secp256k1 key of 31 bytes", "0802121f \(hex64.prefix(62))", .malformed),
        ("an RSA key that is no DER", "08001240 \(hex64)", .malformed),
        ("an empty RSA key", "08001200", .malformed),
        ("an ECDSA key that is no DER", "08031240 \(hex64)", .malformed),
        ("more than any key has", String(repeating: "08", count: 8_193), .tooLong),
    ]

    @Test("Anything but the two fields once and in order is rejected", arguments: rejected)
    func rejections(what: String, hex: String, code: LibP2PError.Code) {
        let error = #expect(throws: LibP2PError.self) { try PrivateKey(decoding: [UInt8](hex: hex)) }
        #expect(error?.code == code, "\(what): \(String(describing: error))")
    }

    @Test("A key that is called another type is rejected")
    func mislabelled() throws {
        let rsa = try PrivateKeyMessage(decoding: PrivateKey.generate(.rsa).encoded).key
        let ecdsa = try PrivateKeyMessage(decoding: PrivateKey.generate(.ecdsa).encoded).key
        for content in [PrivateKeyMessage(type: .ecdsa, key: rsa), PrivateKeyMessage(type: .rsa, key: ecdsa)] {
            let error = #expect(throws: LibP2PError.self) { try PrivateKey(decoding: content.encoded) }
            #expect(error?.code == .malformed)
        }
    }

    @Test("RSA keys have 2048 to 8192 bits")
    func rsaSizes() throws {
        #expect(try PrivateKey.generateRSA(bits: 3_072).publicKey.message.type == .rsa)
        for bits in [-1, 0, 1_024, 2_047, 8_193, .max] {
            let error = #expect(throws: LibP2PError.self) { try PrivateKey.generateRSA(bits: bits) }
            #expect(error?.code == .invalidConfiguration, "\(bits)")
        }
    }

    @Test("Any cut and any changed byte of an encoding is refused or gives a working key", arguments: types)
    func damage(type: PublicKeyMessage.KeyType) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        let encoded = try PrivateKey.generate(type).encoded
        for count in 0..<min(encoded.count, 200) {
            #expect(throws: LibP2PError.self) { try PrivateKey(decoding: Array(encoded.prefix(count))) }
        }
        for _ in 0..<60 {
            var changed = encoded
            changed[Int.random(in: changed.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            guard let key = try? PrivateKey(decoding: changed) else { continue }
            #expect(key.publicKey.isValid(signature: try key.sign([1]), of: [1]), "\(changed.hex)")
        }
    }
}

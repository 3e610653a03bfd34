internal import QUICEngine
internal import Secp256k1
internal import Testing

@testable internal import LibP2P

@Suite struct PublicKeyTests {
    @Test(
        "A key is equal to one that was decoded from its message, whatever it caches", arguments: PrivateKeyTests.types)
    func equality(type: PublicKeyMessage.KeyType) throws {
        let key = try PrivateKey.generate(type).publicKey
        let again = try PublicKey(decoding: key.message.encoded)
        #expect(again == key)
        #expect(Set([key, again]).count == 1)
        #expect(again.peerID == PeerID(publicKey: key.message))
    }

    @Test("A key that is not written in the one way of DER is refused, because it would have another peer id")
    func notDER() throws {
        let key = try PrivateKey.generate(.ecdsa).publicKey.message.key
        // The same with a length of two bytes where one would do.
        let padded = [0x30, 0x81] + key.dropFirst()
        for bytes in [padded, key + [0], Array(key.dropLast())] {
            let error = #expect(throws: LibP2PError.self) {
                try PublicKey(PublicKeyMessage(type: .ecdsa, key: bytes))
            }
            #expect(error?.code == .malformed)
        }
    }

    @Test("A key of one type in the message of another is refused")
    func mislabelled() throws {
        let ecdsa = try PrivateKey.generate(.ecdsa).publicKey.message.key
        let ed25519 = VerifyingKey.ed25519Prefix + (try PrivateKey.generate().publicKey.message.key)
        for (type, bytes) in [(PublicKeyMessage.KeyType.rsa, ecdsa), (.rsa, ed25519), (.ecdsa, ed25519)] {
            let error = #expect(throws: LibP2PError.self) { try PublicKey(PublicKeyMessage(type: type, key: bytes)) }
            #expect(error?.code == .malformed, "\(type)")
        }
    }

    @Test("Points that are not on the curve secp256k1 are refused")
    func points() throws {
        let good = try PrivateKey.generate(.secp256k1).publicKey.message.key
        #expect(try PublicKey(PublicKeyMessage(type: .secp256k1, key: good)).message.key == good)
        for bytes in [[0x04] + good.dropFirst(), [0x02] + [UInt8](repeating: 0xFF, count: 32)] {
            let error = #expect(throws: LibP2PError.self) {
                try PublicKey(PublicKeyMessage(type: .secp256k1, key: bytes))
            }
            #expect(error?.code == .malformed)
        }
    }

    @Test("RSA keys below 2048 and above 8192 bits, and with a large exponent, are refused before they cost time")
    func rsa() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        func key(bits: Int, exponent: [UInt8] = [1, 0, 1]) throws -> PublicKey {
            // The size is all that counts: nobody has the other half.
            var modulus = (0..<bits / 8).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            modulus[0] |= 0x80
            modulus[modulus.count - 1] |= 1
            return try PublicKey(PublicKeyMessage(type: .rsa, key: .rsaInfo(modulus, exponent)))
        }
        #expect(try key(bits: 2_048).message.type == .rsa)
        #expect(try key(bits: 8_192).message.type == .rsa)
        #expect(try key(bits: 2_048, exponent: [0x7F, 0xFF, 0xFF, 0xFF]).message.type == .rsa)
        for bits in [1_024, 2_040, 8_200, 15_360] {
            let error = #expect(throws: LibP2PError.self) { try key(bits: bits) }
            #expect(error?.code == .unsupported, "\(bits) bits: \(String(describing: error))")
        }
        for exponent: [UInt8] in [[0x80, 0, 0, 1], [1, 0, 0, 0, 1]] {
            let error = #expect(throws: LibP2PError.self) { try key(bits: 2_048, exponent: exponent) }
            #expect(error?.code == .malformed, "\(exponent)")
        }
    }

    @Test("A secp256k1 signature counts with either S; others are made with the high one")
    func highS() throws {
        let key = try PrivateKey.generate(.secp256k1)
        let signature = try key.sign([1, 2, 3])
        let low = try #require(signature.integers)
        let high = [0x30, 0] + low.0 + (try #require([UInt8].negatedInSecp256k1(low.1)))
        var changed = high
        changed[1] = UInt8(high.count - 2)
        #expect(changed != signature)
        #expect(key.publicKey.isValid(signature: changed, of: [1, 2, 3]))
        #expect(!key.publicKey.isValid(signature: changed, of: [1, 2, 4]))
    }
}

extension [UInt8] {
    /// A SubjectPublicKeyInfo of RSA (RFC 8017 §A.1.1).
    static func rsaInfo(_ modulus: [UInt8], _ exponent: [UInt8]) -> [UInt8] {
        func integer(_ bytes: [UInt8]) -> [UInt8] { .element(0x02, (bytes[0] < 0x80 ? [] : [0]) + bytes) }
        let algorithm = [UInt8].element(0x30, [UInt8](hex: "06092a864886f70d010101 0500"))
        let numbers = [UInt8].element(0x30, integer(modulus) + integer(exponent))
        return .element(0x30, algorithm + .element(0x03, [0] + numbers))
    }

    /// An element of DER.
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length = [UInt8(truncatingIfNeeded: content.count)]
        if content.count >= 0x80 { length = [0x81] + length }
        if content.count >= 0x100 { length = [0x82, UInt8(truncatingIfNeeded: content.count >> 8), length[1]] }
        return [tag] + length + content
    }

    /// Both integers of a signature, each with its tag and length.
    fileprivate var integers: ([UInt8], [UInt8])? {
        var outer = DERReader(self)
        guard let content = outer.read(0x30)?.content else { return nil }
        var inner = DERReader(content)
        guard let first = inner.read(0x02), let second = inner.read(0x02) else { return nil }
        return (first.encoded, second.encoded)
    }

    /// The curve's order minus an integer.
    fileprivate static func negatedInSecp256k1(_ integer: [UInt8]) -> [UInt8]? {
        var reader = DERReader(integer)
        guard let number = reader.read(0x02)?.content, number.count <= 33 else { return nil }
        let value = [UInt8](repeating: 0, count: 33 - number.count) + number
        let order = [0] + [UInt8](hex: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
        var result = [UInt8](repeating: 0, count: 33)
        var borrow = 0
        for index in (0..<33).reversed() {
            let difference = Int(order[index]) - Int(value[index]) - borrow
            borrow = difference < 0 ? 1 : 0
            result[index] = UInt8((difference + 256) % 256)
        }
        var trimmed = Array(result.drop { $0 == 0 })
        if trimmed.first ?? 0 >= 0x80 { trimmed.insert(0, at: 0) }
        return .element(0x02, trimmed)
    }
}

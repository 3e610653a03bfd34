import Testing

@testable import QUICEngine

@Suite("Endpoint keys")
struct EndpointKeysTests {
    private static let secret = (0..<32).map { UInt8($0 * 5) }
    private static let next = (0..<48).map { UInt8(255 - $0 * 3) }
    private static let client = NetworkAddress(ipv4: (10, 1, 2, 3), port: 5_000)
    private static let now = EngineInstant(nanoseconds: 1_700_000_000_000_000_000)

    @Test("the same secret gives the same keys, another one gives others, and no two keys are alike")
    func derivation() throws {
        let keys = try EndpointKeys(secret: Self.secret)
        let other = try EndpointKeys(secret: Self.next)
        #expect(try EndpointKeys(secret: Self.secret) == keys)
        #expect(other.resetSecret != keys.resetSecret)
        #expect(other.ticketKey != keys.ticketKey)
        #expect(other.tokenKeys != keys.tokenKeys)
        #expect(keys.resetSecret.count == 32)
        #expect(keys.resetSecret != Self.secret)
        #expect(Array(keys.ticketKey.bytes.prefix(32)) != keys.resetSecret)
        #expect(try EndpointKeys.random() != EndpointKeys.random())
    }

    @Test("derivation is HKDF with SHA-256, done here from HMAC's definition")
    func hkdf() {
        func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
            let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
            return sha256(padded.map { $0 ^ 0x5c } + sha256(padded.map { $0 ^ 0x36 } + message))
        }
        let extracted = hmac(Array("tern endpoint keys 1".utf8), Self.secret)
        let first = hmac(extracted, Array("a label".utf8) + [1])
        let second = hmac(extracted, first + Array("a label".utf8) + [2])
        #expect(KeyDerivation.key(from: Self.secret, label: "a label", count: 64) == first + second)
    }

    @Test("a token of one generation is good in the next, and not in the one after")
    func rotation() throws {
        let keys = try EndpointKeys(secret: Self.secret)
        let token = keys.tokenKeys.makeAddressToken(for: Self.client, now: Self.now)
        let second = try keys.rotated(to: Self.next)
        let third = try second.rotated(to: Self.next.reversed())
        let verdicts = [keys, second, third].map {
            $0.tokenKeys.checkAddressToken(token, from: Self.client, now: Self.now)
        }
        #expect(verdicts == [true, true, false])
        #expect(second.resetSecret == keys.resetSecret)
        #expect(second.ticketKey == (try EndpointKeys(secret: Self.next)).ticketKey)
        #expect(try second.rotated(to: Self.next) == second)
    }

    @Test("stored keys come back whole, with the generation before")
    func storage() throws {
        let keys = try EndpointKeys(secret: Self.secret)
        let rotated = try keys.rotated(to: Self.next)
        #expect(EndpointKeys(bytes: keys.bytes) == keys)
        #expect(EndpointKeys(bytes: rotated.bytes) == rotated)
        #expect(rotated.bytes != keys.bytes)
    }

    @Test("damaged keys are not read")
    func damaged() throws {
        let bytes = try EndpointKeys(secret: Self.secret).rotated(to: Self.next).bytes
        for count in 0..<bytes.count { #expect(EndpointKeys(bytes: Array(bytes.prefix(count))) == nil) }
        #expect(EndpointKeys(bytes: bytes + [0]) == nil)
        #expect(EndpointKeys(bytes: [bytes[0] ^ 1] + bytes.dropFirst()) == nil)
    }

    @Test("a short secret is refused with what to do about it")
    func shortSecret() {
        for count in [0, 16, 31] {
            let error = #expect(throws: EngineError.self) {
                try EndpointKeys(secret: [UInt8](repeating: 1, count: count))
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("has \(count) bytes") == true)
            #expect(error?.message.contains("32") == true)
        }
    }

    @Test("printing keys does not give them away")
    func printing() throws {
        let keys = try EndpointKeys(secret: Self.secret)
        #expect("\(keys)" == "EndpointKeys(1 generations)")
        #expect(String(reflecting: try keys.rotated(to: Self.next)) == "EndpointKeys(2 generations)")
    }
}

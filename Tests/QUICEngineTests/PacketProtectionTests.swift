import CNGTCP2
import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Who protects packets")
struct PacketProtectionTests {
    static let isFast = EngineLibrary.sealsPackets

    /// As the library's helper names AES-128-GCM.
    static var aead: ngtcp2_crypto_aead {
        ngtcp2_crypto_aead(
            native_handle: UnsafeMutableRawPointer(bitPattern: Int(GNUTLS_CIPHER_AES_128_GCM.rawValue)),
            max_overhead: 16)
    }

    /// Moves bytes both ways, so that each key has sealed and opened packets.
    static func exchange(_ scenario: Scenario, _ one: SimulatedConnection, _ other: SimulatedConnection) throws {
        let (ones, others) = (one.ended.count, other.ended.count)
        try one.open(sending: pattern(30_000, seed: 1))
        try other.open(sending: pattern(30_000, seed: 2))
        #expect(scenario.run { one.ended.count == ones + 1 && other.ended.count == others + 1 })
        #expect(other.received.values.contains(pattern(30_000, seed: 1)))
        #expect(one.received.values.contains(pattern(30_000, seed: 2)))
    }

    @Test(
        "Tern does with AES-GCM where the processor is fast at it, once GnuTLS has said the same twice",
        .enabled(if: isFast, "the processor has no vector instructions for AES"),
        arguments: [.aes128GCM, .aes256GCM] as [TLSCryptography.Cipher])
    func own(cipher: TLSCryptography.Cipher) throws {
        let scenario = Scenario()
        scenario.clientTLS.cryptography.ciphers = [cipher]
        let (client, server) = try scenario.connect()
        try Self.exchange(scenario, client, server)
        for connection in [client, server] {
            let keys = try #require(connection.engine?.connection?.ownKeys)
            #expect(keys.proven == 2)
            // One of each direction in use, and those that come next.
            #expect(keys.all == 4)
        }
        scenario.expectNothingLeft()
    }

    @Test("GnuTLS does with ChaCha20, and where that is asked for", arguments: [true, false])
    func library(byCipher: Bool) throws {
        let scenario = Scenario()
        if byCipher {
            scenario.clientTLS.cryptography.ciphers = [.chacha20Poly1305]
        } else {
            scenario.clientConfiguration.packetProtection = .library
            scenario.serverConfiguration { $0.packetProtection = .library }
        }
        let (client, server) = try scenario.connect()
        try Self.exchange(scenario, client, server)
        for connection in [client, server] { #expect(connection.engine?.connection?.ownKeys.all == 0) }
        scenario.expectNothingLeft()
    }

    @Test(
        "each end chooses by itself, and they understand each other, in every version",
        arguments: [true, false], EngineLibrary.versions)
    func mixed(clientUsesLibrary: Bool, version: QUICVersion) throws {
        let scenario = Scenario()
        scenario.clientConfiguration.versions = [version]
        if clientUsesLibrary {
            scenario.clientConfiguration.packetProtection = .library
        } else {
            scenario.serverConfiguration { $0.packetProtection = .library }
        }
        let (client, server) = try scenario.connect()
        try Self.exchange(scenario, client, server)
        let (theirs, ours) = clientUsesLibrary ? (client, server) : (server, client)
        #expect(theirs.engine?.connection?.ownKeys.all == 0)
        #expect(ours.engine?.connection?.ownKeys.proven == (Self.isFast ? 2 : 0))
        scenario.expectNothingLeft()
    }

    @Test("new keys are proven in their turn, and old ones do not pile up")
    func updates() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        for round in 1...10 {
            // The next keys are made when those before the present ones are gone (RFC 9001 §6.5), and with a packet.
            scenario.run(.seconds(1))
            try Self.exchange(scenario, client, server)
            try client.engine?.updateKeys(now: scenario.now)
            try Self.exchange(scenario, client, server)
            scenario.run(.seconds(1))
            try Self.exchange(scenario, client, server)
            #expect(server.engine?.statistics.keyUpdates == UInt64(round))
            for connection in [client, server] {
                let keys = try #require(connection.engine?.connection?.ownKeys)
                #expect(2...3 ~= keys.proven || !Self.isFast)
                #expect(keys.all <= 5)
            }
        }
        scenario.expectNothingLeft()
    }

    @Test(
        "a key that is not the library's is never used, and packets are what they should be all the same",
        .enabled(if: isFast, "the processor has no vector instructions for AES"))
    func wrongKey() throws {
        var aead = Self.aead
        let (key, wrong) = (pattern(16, seed: 1), pattern(16, seed: 2))
        let (nonce, header, plain) = (pattern(12, seed: 3), pattern(20, seed: 4), pattern(100, seed: 5))
        let pair = try AESGCMTests.Pair(key)
        let expected = pair.librarySeals(plain, nonce: nonce, header: header)
        var context = ngtcp2_crypto_aead_ctx(native_handle: UnsafeMutableRawPointer(pair.library))
        // The right key, a wrong one, and a wrong one that is said to belong to the context.
        for (bytes, handle) in [(key, nil), (wrong, nil), (wrong, context.native_handle)] {
            for isForOpening in [0, 1] as [CInt] {
                var protection = tern_protection()
                defer { tern_protection_clear(&protection) }
                tern_protection_add(&protection, bytes, bytes.count, isForOpening, handle)
                for _ in 0..<4 {
                    var output = [UInt8](repeating: 0, count: plain.count + 16)
                    if isForOpening == 0 {
                        let result = tern_protection_seal(
                            &protection, &output, &aead, &context, plain, plain.count, nonce, 12, header, header.count)
                        #expect(result == 0)
                        #expect(output == expected)
                    } else {
                        let result = tern_protection_open(
                            &protection, &output, &aead, &context, expected, expected.count, nonce, 12, header,
                            header.count)
                        #expect(result == 0)
                        #expect(Array(output.prefix(plain.count)) == plain)
                    }
                }
                #expect(tern_protection_count(&protection, 1) == (bytes == key ? 1 : 0))
                #expect(protection.unproven == (bytes == key ? 0 : 1))
                // An address that is free again may become another key's.
                tern_protection_remove(&protection, context.native_handle)
                #expect(tern_protection_count(&protection, 0) == (bytes == key ? 0 : 1))
            }
        }
    }

    @Test(
        "a forged packet is refused by a proven key, and a short one",
        .enabled(if: isFast, "the processor has no vector instructions for AES"))
    func forged() throws {
        var aead = Self.aead
        let (key, nonce, header) = (pattern(16, seed: 1), pattern(12, seed: 3), pattern(20, seed: 4))
        let pair = try AESGCMTests.Pair(key)
        let sealed = pair.librarySeals(pattern(100, seed: 5), nonce: nonce, header: header)
        var context = ngtcp2_crypto_aead_ctx(native_handle: UnsafeMutableRawPointer(pair.library))
        var protection = tern_protection()
        defer { tern_protection_clear(&protection) }
        tern_protection_add(&protection, key, key.count, 1, context.native_handle)
        func opens(_ bytes: [UInt8]) -> CInt {
            var output = [UInt8](repeating: 0, count: 200)
            return tern_protection_open(
                &protection, &output, &aead, &context, bytes, bytes.count, nonce, 12, header, header.count)
        }
        var forged = sealed
        forged[50] ^= 1
        // Before the key is proven it is GnuTLS who refuses, afterwards it is not.
        for isProven in [0, 1] as [CInt] {
            #expect(tern_protection_count(&protection, 1) == isProven)
            for length in [0, 15, 16] { #expect(opens(Array(sealed.prefix(length))) != 0) }
            #expect(opens(forged) != 0)
            #expect(opens(sealed) == 0)
        }
    }
}

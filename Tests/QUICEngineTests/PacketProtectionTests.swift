import CNGTCP2
import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Who protects packets")
struct PacketProtectionTests {
    static let isFast = EngineLibrary.canSealPackets

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
            // One of each direction in use, and those that come next.
            #expect(keys == (all: 4, proven: 4, masks: 2))
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
        for connection in [client, server] {
            #expect(try #require(connection.engine?.connection?.ownKeys) == (all: 0, proven: 0, masks: 0))
        }
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
        #expect(ours.engine?.connection?.ownKeys.proven == (Self.isFast ? 4 : 0))
        scenario.expectNothingLeft()
    }

    @Test(
        "new keys are proven before they are needed, and old ones do not pile up",
        .enabled(if: isFast, "the processor has no vector instructions for AES"))
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
                // The last one's key may still wait for packets on their way (RFC 9001 §6.5).
                #expect(4...5 ~= keys.proven)
                #expect(keys.all == keys.proven)
            }
        }
        scenario.expectNothingLeft()
    }

    /// A key that GnuTLS knows, and what of ours is to be its own.
    struct Meeting {
        var aead = PacketProtectionTests.aead
        var context: ngtcp2_crypto_aead_ctx
        var protection = tern_protection()
        let pair: AESGCMTests.Pair
        static let key = pattern(16, seed: 1)
        static let header = pattern(20, seed: 4)

        /// `bytes` are what our key is made of.
        init(_ bytes: [UInt8], isForOpening: Bool, isBound: Bool = false) throws {
            self.pair = try AESGCMTests.Pair(Self.key)
            self.context = ngtcp2_crypto_aead_ctx(native_handle: UnsafeMutableRawPointer(self.pair.library))
            let context = isBound ? self.context.native_handle : nil
            tern_protection_add(&self.protection, bytes, bytes.count, isForOpening ? 1 : 0, context)
        }

        var proven: CInt { withUnsafePointer(to: self.protection) { tern_protection_count($0, 1) } }
        var all: CInt { withUnsafePointer(to: self.protection) { tern_protection_count($0, 0) } }

        static func nonce(_ number: UInt8) -> [UInt8] { pattern(11, seed: 3) + [number] }

        /// Packet `number` of `count` bytes comes out as GnuTLS alone would make it.
        mutating func seals(_ number: UInt8, count: Int = 100, inPlace: Bool = false) -> Bool {
            let (plain, nonce) = (pattern(count, seed: 5), Self.nonce(number))
            var output = plain + [UInt8](repeating: 0, count: 16)
            let result = output.withUnsafeMutableBufferPointer { output -> CInt in
                plain.withUnsafeBufferPointer { plain in
                    tern_protection_seal(
                        &self.protection, output.baseAddress, &self.aead, &self.context,
                        inPlace ? UnsafePointer(output.baseAddress) : plain.baseAddress, count, nonce, 12, Self.header,
                        Self.header.count)
                }
            }
            return result == 0 && output == self.pair.librarySeals(plain, nonce: nonce, header: Self.header)
        }

        /// What `change` makes of packet `number` is opened, and is what it was.
        mutating func opens(
            _ number: UInt8, count: Int = 100, inPlace: Bool = false, _ change: (inout [UInt8]) -> Void = { _ in }
        ) -> Bool {
            let (plain, nonce) = (pattern(count, seed: 5), Self.nonce(number))
            var sealed = self.pair.librarySeals(plain, nonce: nonce, header: Self.header)
            change(&sealed)
            let length = sealed.count
            var output = [UInt8](repeating: 0, count: count)
            let result = sealed.withUnsafeMutableBufferPointer { sealed -> CInt in
                output.withUnsafeMutableBufferPointer { output in
                    tern_protection_open(
                        &self.protection, inPlace ? sealed.baseAddress : output.baseAddress, &self.aead, &self.context,
                        UnsafePointer(sealed.baseAddress), length, nonce, 12, Self.header, Self.header.count)
                }
            }
            return result == 0 && (inPlace ? Array(sealed.prefix(count)) : output) == plain
        }

        /// As a key update does.
        mutating func proveAlone() {
            withUnsafeMutablePointer(to: &self.protection) { [context] protection in
                var context = context
                withUnsafeMutablePointer(to: &protection.pointee.keys.0) {
                    tern_protection_prove(protection, $0, &self.aead, &context)
                }
            }
        }

        mutating func end() { tern_protection_clear(&self.protection) }
    }

    @Test(
        "a key is used after two different packets, not after one that comes again, however long and wherever they are",
        .enabled(if: isFast, "the processor has no vector instructions for AES"), arguments: [true, false], [30, 9_000])
    func proof(inPlace: Bool, count: Int) throws {
        for isForOpening in [true, false] {
            var meeting = try Meeting(Meeting.key, isForOpening: isForOpening)
            func works(_ number: UInt8) -> Bool {
                isForOpening
                    ? meeting.opens(number, count: count, inPlace: inPlace)
                    : meeting.seals(number, count: count, inPlace: inPlace)
            }
            for number in [1, 1, 1] as [UInt8] {
                #expect(works(number))
                #expect(meeting.proven == 0)
            }
            #expect(works(2))
            #expect(meeting.proven == 1)
            #expect(meeting.protection.unproven == 0)
            for number in [3, 4] as [UInt8] { #expect(works(number)) }
            // An address that is free again may become another key's.
            tern_protection_remove(&meeting.protection, meeting.context.native_handle)
            #expect(meeting.all == 0)
            #expect(meeting.protection.unproven == 0)
            #expect(works(5))
            meeting.end()
        }
    }

    @Test(
        "a key that is not the library's is never used, and packets are what they should be all the same",
        .enabled(if: isFast, "the processor has no vector instructions for AES"), arguments: [true, false])
    func wrongKey(isBound: Bool) throws {
        for isForOpening in [true, false] {
            var meeting = try Meeting(pattern(16, seed: 2), isForOpening: isForOpening, isBound: isBound)
            for number in 1...4 as ClosedRange<UInt8> {
                let works = isForOpening ? meeting.opens(number) : meeting.seals(number)
                #expect(works)
            }
            #expect(meeting.proven == 0)
            #expect(meeting.protection.unproven == 1)
            meeting.end()
            #expect(meeting.protection.unproven == 0)
        }
    }

    @Test(
        "a key that goes before it is proven is not waited for",
        .enabled(if: isFast, "the processor has no vector instructions for AES"))
    func removedEarly() throws {
        var meeting = try Meeting(Meeting.key, isForOpening: true)
        let works = meeting.opens(1)
        #expect(works)
        tern_protection_remove(&meeting.protection, meeting.context.native_handle)
        #expect(meeting.all == 0)
        #expect(meeting.protection.unproven == 0)
        meeting.end()
    }

    @Test(
        "the keys of an update are proven without a packet, and wrong ones are let go",
        .enabled(if: isFast, "the processor has no vector instructions for AES"), arguments: [true, false])
    func provenAlone(isForOpening: Bool) throws {
        for key in [Meeting.key, pattern(16, seed: 2)] {
            var meeting = try Meeting(key, isForOpening: isForOpening, isBound: true)
            meeting.proveAlone()
            #expect(meeting.proven == (key == Meeting.key ? 1 : 0))
            #expect(meeting.all == meeting.proven)
            #expect(meeting.protection.unproven == 0)
            let works = isForOpening ? meeting.opens(1) : meeting.seals(1)
            #expect(works)
            meeting.end()
        }
    }

    @Test("there is room for eight keys, and those beyond are the library's")
    func places() throws {
        var protection = tern_protection()
        for number in 0..<9 {
            let place = tern_protection_add(&protection, pattern(16, seed: UInt64(number)), 16, 1, nil)
            #expect((place != nil) == (number < 8))
        }
        #expect(protection.unproven == 8)
        tern_protection_clear(&protection)
        #expect(protection.unproven == 0)
    }

    @Test(
        "a forged packet is refused by a proven key, and a short one",
        .enabled(if: isFast, "the processor has no vector instructions for AES"))
    func forged() throws {
        var meeting = try Meeting(Meeting.key, isForOpening: true)
        // Before the key is proven it is GnuTLS who refuses, afterwards it is not.
        for (number, proven) in [(1, 0), (2, 0), (3, 1), (4, 1)] as [(UInt8, CInt)] {
            #expect(meeting.proven == proven)
            let short = [0, 15, 16].map { length in meeting.opens(number) { $0.removeLast($0.count - length) } }
            #expect(short == [false, false, false])
            let forged = meeting.opens(number) { $0[50] ^= 1 }
            #expect(!forged)
            let honest = meeting.opens(number)
            #expect(honest)
        }
        meeting.end()
    }

    @Test(
        "headers are masked by a key that made the same masks, and by no other",
        .enabled(if: isFast, "the processor has no vector instructions for AES"))
    func masks() throws {
        var cipher = ngtcp2_crypto_cipher(
            native_handle: UnsafeMutableRawPointer(bitPattern: Int(GNUTLS_CIPHER_AES_128_CBC.rawValue)))
        for bytes in [Meeting.key, pattern(16, seed: 2)] {
            var handle: gnutls_cipher_hd_t?
            var (key, zeros) = (Meeting.key, [UInt8](repeating: 0, count: 16))
            key.withUnsafeMutableBufferPointer { key in
                zeros.withUnsafeMutableBufferPointer { zeros in
                    var keyDatum = gnutls_datum_t(data: key.baseAddress, size: 16)
                    var zeroDatum = gnutls_datum_t(data: zeros.baseAddress, size: 16)
                    gnutls_cipher_init(&handle, GNUTLS_CIPHER_AES_128_CBC, &keyDatum, &zeroDatum)
                }
            }
            var library = ngtcp2_crypto_cipher_ctx(native_handle: UnsafeMutableRawPointer(handle))
            defer { gnutls_cipher_deinit(handle) }
            var protection = tern_protection()
            defer { tern_protection_clear(&protection) }
            tern_protection_add_mask(&protection, bytes, bytes.count)
            for (seed, proven) in [(1, 0), (1, 0), (2, 1), (3, 1)] as [(UInt64, CInt)] {
                let sample = pattern(16, seed: seed)
                var (mask, expected) = ([UInt8](repeating: 0, count: 16), [UInt8](repeating: 0, count: 16))
                #expect(ngtcp2_crypto_hp_mask(&expected, &cipher, &library, sample) == 0)
                #expect(tern_protection_mask(&protection, &mask, &cipher, &library, sample) == 0)
                #expect(mask.prefix(5) == expected.prefix(5))
                #expect(tern_protection_mask_count(&protection) == (bytes == Meeting.key ? proven : 0))
            }
            tern_protection_remove_mask(&protection, library.native_handle)
            #expect(tern_protection_mask_count(&protection) == 0)
        }
    }
}

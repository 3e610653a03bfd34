import CNGTCP2
import QUICEngine
import QUICTestSupport
import Testing

/// Modules/CNGTCP2/aes.h against GnuTLS's implementation of the same standard.
@Suite("AES-GCM with vector instructions", .enabled(if: EngineLibrary.canSealPackets, "the processor has none"))
struct AESGCMTests {
    /// One key, in both implementations.
    final class Pair {
        let library: gnutls_aead_cipher_hd_t
        var own = tern_aes_gcm()

        init(_ key: [UInt8]) throws {
            var handle: gnutls_aead_cipher_hd_t?
            var bytes = key
            bytes.withUnsafeMutableBufferPointer { buffer in
                var datum = gnutls_datum_t(data: buffer.baseAddress, size: UInt32(buffer.count))
                let algorithm = key.count == 16 ? GNUTLS_CIPHER_AES_128_GCM : GNUTLS_CIPHER_AES_256_GCM
                gnutls_aead_cipher_init(&handle, algorithm, &datum)
            }
            self.library = try #require(handle)
            tern_aes_gcm_init(&self.own, key, key.count)
        }

        deinit { gnutls_aead_cipher_deinit(self.library) }

        func librarySeals(_ plain: [UInt8], nonce: [UInt8], header: [UInt8]) -> [UInt8] {
            var sealed = [UInt8](repeating: 0, count: plain.count + 16)
            var count = sealed.count
            let result = gnutls_aead_cipher_encrypt(
                self.library, nonce, nonce.count, header, header.count, 16, plain, plain.count, &sealed, &count)
            #expect(result == 0 && count == sealed.count)
            return sealed
        }

        func seals(_ plain: [UInt8], nonce: [UInt8], header: [UInt8]) -> [UInt8] {
            var sealed = [UInt8](repeating: 0, count: plain.count + 16)
            tern_aes_gcm_seal(&self.own, &sealed, plain, plain.count, nonce, header, header.count)
            return sealed
        }

        func opens(_ sealed: [UInt8], nonce: [UInt8], header: [UInt8]) -> [UInt8]? {
            var plain = [UInt8](repeating: 0, count: sealed.count - 16)
            let isAuthentic = tern_aes_gcm_open(&self.own, &plain, sealed, plain.count, nonce, header, header.count)
            return isAuthentic != 0 ? plain : nil
        }
    }

    @Test("every length of packet comes out as from GnuTLS, and opens again", arguments: [16, 32])
    func lengths(keySize: Int) throws {
        let pair = try Pair(pattern(keySize, seed: 1))
        let lengths = Array(0...700) + [1_172, 1_184, 1_424, 1_436, 2_048, 4_095, 8_924, 16_383, 65_487]
        for length in lengths {
            let plain = pattern(length, seed: 2)
            let nonce = pattern(12, seed: UInt64(length))
            let header = pattern(length % 37, seed: 3)
            let expected = pair.librarySeals(plain, nonce: nonce, header: header)
            let sealed = pair.seals(plain, nonce: nonce, header: header)
            try #require(sealed == expected, "\(length) bytes")
            try #require(pair.opens(sealed, nonce: nonce, header: header) == plain, "\(length) bytes")
        }
    }

    @Test("every length of header comes out as from GnuTLS", arguments: [16, 32])
    func headers(keySize: Int) throws {
        let pair = try Pair(pattern(keySize, seed: 15))
        let (plain, nonce) = (pattern(100, seed: 16), pattern(12, seed: 17))
        for length in Array(0...300) + [511, 512, 513] {
            let header = pattern(length, seed: 18)
            let sealed = pair.seals(plain, nonce: nonce, header: header)
            try #require(sealed == pair.librarySeals(plain, nonce: nonce, header: header), "\(length) bytes")
            try #require(pair.opens(sealed, nonce: nonce, header: header) == plain, "\(length) bytes")
        }
    }

    @Test("many keys and nonces come out as from GnuTLS", arguments: [16, 32])
    func keys(keySize: Int) throws {
        for seed in 0..<300 as Range<UInt64> {
            let pair = try Pair(pattern(keySize, seed: seed))
            let plain = pattern(Int(seed) * 7 % 400, seed: seed &+ 1)
            let (nonce, header) = (pattern(12, seed: seed &+ 2), pattern(13, seed: seed &+ 3))
            #expect(
                pair.seals(plain, nonce: nonce, header: header)
                    == pair.librarySeals(plain, nonce: nonce, header: header), "seed \(seed)")
        }
    }

    @Test("what is sealed and opened in its own place is the same", arguments: [0, 15, 31, 256, 300, 1_424])
    func inPlace(length: Int) throws {
        let pair = try Pair(pattern(16, seed: 4))
        let (plain, nonce, header) = (pattern(length, seed: 5), pattern(12, seed: 6), pattern(21, seed: 7))
        var bytes = plain + [UInt8](repeating: 0, count: 16)
        bytes.withUnsafeMutableBufferPointer { buffer in
            guard let address = buffer.baseAddress else { return }
            tern_aes_gcm_seal(&pair.own, address, address, length, nonce, header, header.count)
        }
        #expect(bytes == pair.librarySeals(plain, nonce: nonce, header: header))
        let isAuthentic = bytes.withUnsafeMutableBufferPointer { buffer -> CInt in
            guard let address = buffer.baseAddress else { return 0 }
            return tern_aes_gcm_open(&pair.own, address, address, length, nonce, header, header.count)
        }
        #expect(isAuthentic != 0)
        #expect(Array(bytes.prefix(length)) == plain)
    }

    @Test("a single bit that was changed anywhere is noticed", arguments: [1, 40, 256, 273])
    func forged(length: Int) throws {
        let pair = try Pair(pattern(16, seed: 8))
        let (nonce, header) = (pattern(12, seed: 9), pattern(20, seed: 10))
        let sealed = pair.seals(pattern(length, seed: 11), nonce: nonce, header: header)
        func changed(_ bytes: [UInt8], _ bit: Int) -> [UInt8] {
            var bytes = bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            return bytes
        }
        for bit in 0..<sealed.count * 8 {
            #expect(pair.opens(changed(sealed, bit), nonce: nonce, header: header) == nil, "bit \(bit)")
        }
        for bit in 0..<header.count * 8 {
            #expect(pair.opens(sealed, nonce: nonce, header: changed(header, bit)) == nil, "header's bit \(bit)")
        }
        for bit in 0..<nonce.count * 8 {
            #expect(pair.opens(sealed, nonce: changed(nonce, bit), header: header) == nil, "nonce's bit \(bit)")
        }
        #expect(pair.opens(sealed, nonce: nonce, header: Array(header.dropLast())) == nil)
        #expect(pair.opens(sealed, nonce: nonce, header: header) != nil)
    }

    @Test("nothing is written beyond the end, and nothing before the beginning", arguments: [0, 1, 17, 33, 255, 289])
    func bounds(length: Int) throws {
        let pair = try Pair(pattern(16, seed: 12))
        let (plain, nonce) = (pattern(length, seed: 13), pattern(12, seed: 14))
        var room = [UInt8](repeating: 0xee, count: length + 16 + 128)
        room.withUnsafeMutableBufferPointer { buffer in
            guard let address = buffer.baseAddress else { return }
            tern_aes_gcm_seal(&pair.own, address + 64, plain, length, nonce, nonce, nonce.count)
        }
        #expect(room.prefix(64).allSatisfy { $0 == 0xee } && room.suffix(64).allSatisfy { $0 == 0xee })
        let sealed = Array(room[64..<64 + length + 16])
        room = [UInt8](repeating: 0xee, count: length + 128)
        room.withUnsafeMutableBufferPointer { buffer in
            guard let address = buffer.baseAddress else { return }
            _ = tern_aes_gcm_open(&pair.own, address + 64, sealed, length, nonce, nonce, nonce.count)
        }
        #expect(Array(room[64..<64 + length]) == plain)
        #expect(room.prefix(64).allSatisfy { $0 == 0xee } && room.suffix(64).allSatisfy { $0 == 0xee })
    }

    @Test("one block, which masks headers, comes out as from GnuTLS", arguments: [16, 32])
    func block(keySize: Int) throws {
        for seed in 0..<100 as Range<UInt64> {
            var (key, input) = (pattern(keySize, seed: seed), pattern(16, seed: seed &+ 1))
            var handle: gnutls_cipher_hd_t?
            var zeros = [UInt8](repeating: 0, count: 16)
            key.withUnsafeMutableBufferPointer { key in
                zeros.withUnsafeMutableBufferPointer { zeros in
                    var keyDatum = gnutls_datum_t(data: key.baseAddress, size: UInt32(key.count))
                    var zeroDatum = gnutls_datum_t(data: zeros.baseAddress, size: UInt32(zeros.count))
                    let algorithm = keySize == 16 ? GNUTLS_CIPHER_AES_128_CBC : GNUTLS_CIPHER_AES_256_CBC
                    gnutls_cipher_init(&handle, algorithm, &keyDatum, &zeroDatum)
                }
            }
            let library = try #require(handle)
            defer { gnutls_cipher_deinit(library) }
            var expected = [UInt8](repeating: 0, count: 16)
            #expect(gnutls_cipher_encrypt2(library, &input, 16, &expected, 16) == 0)
            var own = tern_aes()
            tern_aes_init(&own, key, key.count)
            var output = [UInt8](repeating: 0, count: 16)
            tern_aes_block(&own, &output, input)
            #expect(output == expected, "seed \(seed)")
        }
    }
}

import CNGTCP2
import QUICEngine

/// Makes 1-RTT packets with any frames from the secrets of a key log: what a hostile but authenticated peer can send.
///
/// AES-128-GCM and SHA-256 only (RFC 9001 §5).
struct PacketForge {
    private let key: [UInt8]
    private let nonceBase: [UInt8]
    private let headerKey: [UInt8]
    private var packetNumber: UInt32

    /// `secret` is the peer's CLIENT_TRAFFIC_SECRET_0 or SERVER_TRAFFIC_SECRET_0.
    init(secret: [UInt8], version: QUICVersion = .version1, firstPacketNumber: UInt32 = 5_000) {
        let prefix = version == .version2 ? "quicv2" : "quic"
        self.key = Self.expand(secret, "\(prefix) key", 16)
        self.nonceBase = Self.expand(secret, "\(prefix) iv", 12)
        self.headerKey = Self.expand(secret, "\(prefix) hp", 16)
        self.packetNumber = firstPacketNumber
    }

    /// Finds the secret of one side in the events of a connection that logs keys.
    static func secret(_ label: String, in events: [ConnectionEvent]) -> [UInt8]? {
        for case .keyLog(let line) in events where line.hasPrefix(label + " ") {
            guard let hex = line.split(separator: " ").last else { return nil }
            let digits = Array(hex.utf8)
            return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
            }
        }
        return nil
    }

    /// The next packet, addressed to `destination`, with these frames.
    mutating func packet(to destination: ConnectionID, frames: [UInt8]) -> [UInt8] {
        // At least four bytes behind the packet number, for the header protection sample.
        let payload = frames + [UInt8](repeating: 0, count: max(0, 40 - frames.count))
        let number = (0..<4).map { UInt8(truncatingIfNeeded: self.packetNumber >> UInt32(24 - 8 * $0)) }
        self.packetNumber += 1
        var packet = [0x43] + destination.bytes + number
        let header = packet
        var nonce = self.nonceBase
        for index in 0..<4 { nonce[8 + index] ^= number[index] }
        let sealed = self.seal(payload, nonce: nonce, header: header)
        packet += sealed
        let numberOffset = 1 + destination.count
        let mask = self.headerMask(Array(packet[numberOffset + 4..<numberOffset + 20]))
        packet[0] ^= mask[0] & 0x1f
        for index in 0..<4 { packet[numberOffset + index] ^= mask[1 + index] }
        return packet
    }

    private func seal(_ payload: [UInt8], nonce: [UInt8], header: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: payload.count + 16)
        var count = output.count
        var handle: gnutls_aead_cipher_hd_t?
        var key = self.key
        key.withUnsafeMutableBufferPointer { buffer in
            var datum = gnutls_datum_t(data: buffer.baseAddress, size: UInt32(buffer.count))
            gnutls_aead_cipher_init(&handle, GNUTLS_CIPHER_AES_128_GCM, &datum)
        }
        gnutls_aead_cipher_encrypt(
            handle, nonce, nonce.count, header, header.count, 16, payload, payload.count, &output, &count)
        gnutls_aead_cipher_deinit(handle)
        return output
    }

    /// One block of AES in electronic code book mode, made of cipher block chaining with a zero vector.
    private func headerMask(_ sample: [UInt8]) -> [UInt8] {
        var block = sample
        var handle: gnutls_cipher_hd_t?
        var key = self.headerKey
        var vector = [UInt8](repeating: 0, count: 16)
        key.withUnsafeMutableBufferPointer { key in
            vector.withUnsafeMutableBufferPointer { vector in
                var keyDatum = gnutls_datum_t(data: key.baseAddress, size: 16)
                var vectorDatum = gnutls_datum_t(data: vector.baseAddress, size: 16)
                gnutls_cipher_init(&handle, GNUTLS_CIPHER_AES_128_CBC, &keyDatum, &vectorDatum)
            }
        }
        gnutls_cipher_encrypt(handle, &block, block.count)
        gnutls_cipher_deinit(handle)
        return block
    }

    /// RFC 8446 §7.1.
    private static func expand(_ secret: [UInt8], _ label: String, _ count: Int) -> [UInt8] {
        let name = Array("tls13 \(label)".utf8)
        var info = [UInt8(count >> 8), UInt8(count & 0xff), UInt8(name.count)] + name + [0]
        var secret = secret
        var output = [UInt8](repeating: 0, count: count)
        secret.withUnsafeMutableBufferPointer { secret in
            info.withUnsafeMutableBufferPointer { info in
                var key = gnutls_datum_t(data: secret.baseAddress, size: UInt32(secret.count))
                var context = gnutls_datum_t(data: info.baseAddress, size: UInt32(info.count))
                gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &key, &context, &output, count)
            }
        }
        return output
    }
}

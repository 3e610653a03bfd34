internal import CNGTCP2

/// HKDF with SHA-256 (RFC 5869): independent keys out of one secret.
enum KeyDerivation {
    /// The key of `count` bytes that belongs to `label`; empty where GnuTLS refuses.
    static func key(from secret: [UInt8], label: String, count: Int) -> [UInt8] {
        let salt = Array("tern endpoint keys 1".utf8)
        let extracted = unsafe Self.filling(32) { output in
            unsafe withDatum(secret) { secret in
                unsafe withDatum(salt) { unsafe gnutls_hkdf_extract(GNUTLS_MAC_SHA256, secret, $0, output) }
            }
        }
        let info = Array(label.utf8)
        return unsafe Self.filling(count) { output in
            unsafe withDatum(extracted) { key in
                unsafe withDatum(info) { unsafe gnutls_hkdf_expand(GNUTLS_MAC_SHA256, key, $0, output, count) }
            }
        }
    }

    /// Bytes fit for a key, from GnuTLS's own generator.
    static func randomBytes(_ count: Int) throws(EngineError) -> [UInt8] {
        let bytes = unsafe Self.filling(count) { unsafe gnutls_rnd(GNUTLS_RND_KEY, $0, count) }
        guard bytes.count == count else {
            throw EngineError(.refusedByLibrary, "GnuTLS has no random bytes: is /dev/urandom readable?")
        }
        return bytes
    }

    private static func filling(_ count: Int, _ body: (UnsafeMutableRawPointer?) -> CInt) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let result = unsafe body(UnsafeMutableRawPointer(buffer.baseAddress))
            filled = result == 0 ? count : 0
        }
    }
}

internal import CNGTCP2
internal import Synchronization

/// AES-128 on single blocks, which is what connection IDs are encrypted with (draft-ietf-quic-load-balancers §5.4).
///
/// GnuTLS offers no bare block: CBC of one block with a zero vector is the same.
@safe final class AESBlockCipher: @unchecked Sendable {
    // Sendable because the handle, which remembers a vector between calls, is used under the lock only.
    private let handle: OpaquePointer
    private let lock = Mutex(())

    /// Uses a key of sixteen bytes.
    init(key: [UInt8]) throws(EngineError) {
        guard key.count == 16 else {
            throw EngineError(
                .invalidConfiguration,
                "a key for connection IDs has 16 bytes, this one has \(key.count): make one with 16 random bytes")
        }
        var handle: OpaquePointer?
        let zeros = [UInt8](repeating: 0, count: 16)
        let result = unsafe withDatum(key) { key in
            unsafe withDatum(zeros) { unsafe gnutls_cipher_init(&handle, GNUTLS_CIPHER_AES_128_CBC, key, $0) }
        }
        try check("a key for connection IDs", result)
        guard let handle = unsafe handle else { throw EngineError(.invalidCredentials, "starting AES failed") }
        unsafe self.handle = handle
    }

    deinit { unsafe gnutls_cipher_deinit(self.handle) }

    /// Encrypts a block: `bytes` with zeros behind them, up to sixteen.
    func encrypt(_ bytes: [UInt8]) -> [UInt8] {
        unsafe self.transform(bytes) { unsafe gnutls_cipher_encrypt2($0, $1, 16, $2, 16) }
    }

    /// Decrypts a block.
    func decrypt(_ bytes: [UInt8]) -> [UInt8] {
        unsafe self.transform(bytes) { unsafe gnutls_cipher_decrypt2($0, $1, 16, $2, 16) }
    }

    private func transform(
        _ bytes: [UInt8], _ body: (OpaquePointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> CInt
    ) -> [UInt8] {
        let block = Array(bytes.prefix(16)) + [UInt8](repeating: 0, count: max(16 - bytes.count, 0))
        return self.lock.withLock { _ in
            var vector = [UInt8](repeating: 0, count: 16)
            unsafe gnutls_cipher_set_iv(self.handle, &vector, vector.count)
            var output = vector
            let result = unsafe block.withUnsafeBytes { input in
                unsafe output.withUnsafeMutableBytes { output in
                    guard let from = input.baseAddress, let to = output.baseAddress else {
                        return CInt(GNUTLS_E_INTERNAL_ERROR)
                    }
                    return unsafe body(self.handle, from, to)
                }
            }
            // A key that was accepted can't fail on a whole block. Zeros would make a bad ID and nothing worse.
            return result == 0 ? output : vector
        }
    }
}

internal import CNGTCP2

/// A public key that signatures outside of TLS are checked with.
///
///     let key = try VerifyingKey(ed25519: bytes)
///     guard key.isValid(signature: signature, of: message) else { return }
@safe package final class VerifyingKey: @unchecked Sendable {
    // Sendable because GnuTLS lets threads share a public key that they only check with.
    private let handle: OpaquePointer?
    package let kind: KeyKind

    /// Reads a SubjectPublicKeyInfo in DER. The kind is not judged, but RSA whose exponent makes every check slow is
    /// refused: nobody uses one above 2³¹.
    package init(subjectPublicKeyInfo: [UInt8]) throws(EngineError) {
        var handle: OpaquePointer?
        try check("allocating a public key", unsafe gnutls_pubkey_init(&handle))
        unsafe self.handle = handle
        var bits: CUnsignedInt = 0
        let result = unsafe withDatum(subjectPublicKeyInfo) {
            unsafe gnutls_pubkey_import(handle, $0, GNUTLS_X509_FMT_DER)
        }
        self.kind =
            result < 0
            ? .other("unreadable") : KeyKind(unsafe gnutls_pubkey_get_pk_algorithm(handle, &bits), bits)
        try check("reading a public key", result)
        guard case .rsa = self.kind else { return }
        var modulus = unsafe gnutls_datum_t()
        defer { unsafe tern_free(modulus.data) }
        let exponent = unsafe try takingDatum("reading a public key") {
            unsafe gnutls_pubkey_export_rsa_raw2(handle, &modulus, $0, CUnsignedInt(GNUTLS_EXPORT_FLAG_NO_LZ.rawValue))
        }
        guard exponent.count <= 4, exponent.count < 4 || exponent.first ?? 0xff < 0x80 else {
            throw EngineError(.invalidCredentials, "the exponent of the RSA key is above 2³¹")
        }
    }

    /// Takes the 32 bytes of an Ed25519 key.
    package convenience init(ed25519 bytes: [UInt8]) throws(EngineError) {
        guard bytes.count == 32 else { throw EngineError(.invalidCredentials, "an Ed25519 key has 32 bytes") }
        try self.init(subjectPublicKeyInfo: Self.ed25519Prefix + bytes)
    }

    deinit { unsafe gnutls_pubkey_deinit(self.handle) }

    /// The key in DER as GnuTLS writes it: what was read, unless that was not DER.
    package var subjectPublicKeyInfo: [UInt8] {
        get throws(EngineError) {
            unsafe try takingDatum("encoding a public key") {
                unsafe gnutls_pubkey_export2(self.handle, GNUTLS_X509_FMT_DER, $0)
            }
        }
    }

    /// Whether the owner of the key signed the message, in the way of ``SigningKey/sign(_:)``.
    package func isValid(signature: [UInt8], of message: [UInt8]) -> Bool {
        self.isValid(signature: signature, of: message, by: self.kind.signature)
    }

    func isValid(signature: [UInt8], of message: [UInt8], by algorithm: gnutls_sign_algorithm_t) -> Bool {
        guard self.kind.isAcceptable else { return false }
        return unsafe withDatum(message) { message in
            unsafe withDatum(signature) { signature in
                unsafe gnutls_pubkey_verify_data2(self.handle, algorithm, 0, message, signature) >= 0
            }
        }
    }

    /// SubjectPublicKeyInfo of an Ed25519 key up to the key (RFC 8410 §4).
    package static let ed25519Prefix: [UInt8] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]
}

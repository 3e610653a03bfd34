internal import CNGTCP2

/// A private key that signs messages of ours, outside of TLS.
///
///     let key = try SigningKey.generate(.ed25519)
///     let signature = try key.sign(message)
@safe package final class SigningKey: @unchecked Sendable {
    // Sendable because GnuTLS lets threads share a private key that they only sign with.
    let key: PrivateKey
    private let signer: OpaquePointer?
    package let kind: KeyKind
    /// The public half in DER.
    package let subjectPublicKeyInfo: [UInt8]

    /// Makes a new key of the system's randomness.
    package static func generate(_ kind: CertificateTemplate.KeyKind) throws(EngineError) -> SigningKey {
        var template = CertificateTemplate(commonName: "", now: 0)
        template.keyKind = kind
        return try SigningKey(template.makeKey())
    }

    /// Reads a key in DER: PKCS #8, PKCS #1 or SEC 1.
    package convenience init(der: [UInt8]) throws(EngineError) {
        try self.init(PrivateKey(der, isPEM: false, password: nil))
        // A damaged RSA key passes all checks of its numbers, and a wrong signature would give the key away.
        let signature = try self.sign([])
        guard try VerifyingKey(subjectPublicKeyInfo: self.subjectPublicKeyInfo).isValid(signature: signature, of: [])
        else { throw EngineError(.invalidCredentials, "the private key's parts do not belong together") }
    }

    /// Takes the 32 secret bytes of Ed25519 (RFC 8032 §5.1.5).
    package convenience init(ed25519Seed seed: [UInt8]) throws(EngineError) {
        guard seed.count == 32 else { throw EngineError(.invalidCredentials, "an Ed25519 secret has 32 bytes") }
        try self.init(der: Self.ed25519Prefix + seed)
    }

    /// Takes a secret number on P-256, 32 bytes, the highest first.
    package convenience init(p256Secret secret: [UInt8]) throws(EngineError) {
        var (x, y) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
        guard secret.count == 32, unsafe tern_p256_point(secret, &x, &y) != 0 else {
            throw EngineError(
                .invalidCredentials, "a secret of P-256 has 32 bytes and is neither 0 nor above the curve's order")
        }
        var handle: OpaquePointer?
        try check("allocating a private key", unsafe gnutls_x509_privkey_init(&handle))
        let key = unsafe PrivateKey(takingOwnershipOf: handle)
        let result = unsafe withDatum(x) { x in
            unsafe withDatum(y) { y in
                unsafe withDatum(secret) { secret in
                    unsafe gnutls_x509_privkey_import_ecc_raw(
                        key.handle, GNUTLS_ECC_CURVE_SECP256R1, x, y, secret)
                }
            }
        }
        try check("using a secret of P-256", result)
        try self.init(key)
    }

    private init(_ key: PrivateKey) throws(EngineError) {
        var bits: CUnsignedInt = 0
        let algorithm = unsafe gnutls_x509_privkey_get_pk_algorithm2(key.handle, &bits)
        let kind = KeyKind(algorithm, bits)
        guard kind.isAcceptable else {
            throw EngineError(.invalidCredentials, "keys are Ed25519, ECDSA or RSA of 2048 to 8192 bits, not \(kind)")
        }
        // Keys that were written by hand or damaged can be read and sign nonsense.
        try check("checking a private key", unsafe gnutls_x509_privkey_verify_params(key.handle))
        self.key = key
        self.kind = kind
        self.subjectPublicKeyInfo = try key.subjectPublicKeyInfo
        var signer: OpaquePointer?
        try check("allocating a private key", unsafe gnutls_privkey_init(&signer))
        unsafe self.signer = signer
        try check("using a private key", unsafe gnutls_privkey_import_x509(signer, key.handle, 0))
    }

    deinit { unsafe gnutls_privkey_deinit(self.signer) }

    /// The 32 secret bytes of Ed25519, PKCS #1 of RSA, SEC 1 of ECDSA.
    package var encoded: [UInt8] {
        get throws(EngineError) {
            guard self.kind == .ed25519 else {
                return unsafe try takingDatum("encoding a private key") {
                    unsafe gnutls_x509_privkey_export2(self.key.handle, GNUTLS_X509_FMT_DER, $0)
                }
            }
            var curve = GNUTLS_ECC_CURVE_INVALID
            var publicKey = unsafe gnutls_datum_t()
            defer { unsafe tern_free(publicKey.data) }
            return unsafe try takingDatum("encoding a private key") {
                unsafe gnutls_x509_privkey_export_ecc_raw(self.key.handle, &curve, &publicKey, nil, $0)
            }
        }
    }

    /// Signs: Ed25519 as it is (64 bytes), ECDSA of SHA-256 in DER, RSA after PKCS #1 v1.5 with SHA-256.
    package func sign(_ message: [UInt8]) throws(EngineError) -> [UInt8] {
        let algorithm = self.kind.signature
        return unsafe try takingDatum("signing") { signature in
            unsafe withDatum(message) { unsafe gnutls_privkey_sign_data2(self.signer, algorithm, 0, $0, signature) }
        }
    }

    /// PKCS #8 of an Ed25519 key up to its secret (RFC 8410 §7).
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
}

extension KeyKind {
    init(_ algorithm: some BinaryInteger, _ bits: CUnsignedInt) {
        let kind = gnutls_pk_algorithm_t(CUnsignedInt(truncatingIfNeeded: algorithm))
        switch kind {
        case GNUTLS_PK_EDDSA_ED25519: self = .ed25519
        // GnuTLS counts whole bytes.
        case GNUTLS_PK_ECDSA: self = .ecdsa(bits: bits == 528 ? 521 : Int(bits))
        case GNUTLS_PK_RSA, GNUTLS_PK_RSA_PSS: self = .rsa(bits: Int(bits))
        default:
            let name = unsafe gnutls_pk_get_name(kind).map { unsafe String(cString: $0) }
            self = .other(name ?? "of an unknown kind")
        }
    }

    /// How such a key signs what is not TLS.
    var signature: gnutls_sign_algorithm_t {
        switch self {
        case .ed25519: GNUTLS_SIGN_EDDSA_ED25519
        case .ecdsa: GNUTLS_SIGN_ECDSA_SHA256
        case .rsa: GNUTLS_SIGN_RSA_SHA256
        case .other: GNUTLS_SIGN_UNKNOWN
        }
    }
}

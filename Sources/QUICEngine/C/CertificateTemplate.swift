internal import CNGTCP2

/// What a certificate to be made should say.
///
///     let template = CertificateTemplate(commonName: "localhost", names: ["localhost", "127.0.0.1"], now: 1_800_000_000)
///     let identity = try TLSIdentity(template.issue())
public struct CertificateTemplate: Sendable {
    /// The kinds of keys that can be made.
    public enum KeyKind: Hashable, Sendable {
        /// Small and fast.
        case ed25519
        /// What browsers want.
        case ecdsaP256
        /// A larger curve.
        case ecdsaP384
        /// RSA with so many bits.
        case rsa(bits: Int)
    }

    /// An extension by its object identifier.
    public struct Extension: Hashable, Sendable {
        /// Dotted numbers, for example 1.3.6.1.4.1.53594.1.1.
        public let identifier: String
        /// The value in DER.
        public let value: [UInt8]
        /// Whether a reader that does not know it must refuse the certificate.
        public let isCritical: Bool

        /// Creates an extension.
        public init(identifier: String, value: [UInt8], isCritical: Bool) {
            self.identifier = identifier
            self.value = value
            self.isCritical = isCritical
        }
    }

    /// The subject's common name.
    public var commonName: String
    /// DNS names and IP addresses that it is for.
    public var names: [String]
    /// Whether it may sign others.
    public var isAuthority = false
    /// The kind of key.
    public var keyKind: KeyKind = .ed25519
    /// From when it is good, in seconds since 1970.
    public var notBefore: Int64
    /// Until when it is good, in seconds since 1970.
    public var notAfter: Int64
    /// Extensions besides the usual ones.
    public var extensions: [Extension] = []

    /// Creates a template for a certificate that is good from an hour before `now` (seconds since 1970) for a year.
    public init(commonName: String, names: [String] = [], now: Int64) {
        self.commonName = commonName
        self.names = names
        self.notBefore = now - 3_600
        self.notAfter = now + 365 * 86_400
    }

    /// Makes a key and a certificate for it, signed by `authority` or, without one, by itself.
    public func issue(by authority: CertificateBundle? = nil) throws(EngineError) -> CertificateBundle {
        let key = try self.makeKey()
        let certificate = try EmptyCertificate()
        try self.fill(certificate, key)
        if let authority {
            let issuer = try CertificateList(der: authority.chain)
            let issuerKey = try PrivateKey(authority.privateKey, isPEM: false, password: nil)
            // RFC 5280 §4.2.1.1: tells authorities of the same name apart.
            if let id = unsafe Self.keyIdentifier(of: issuer.first) {
                try check(
                    "issuer's key", unsafe gnutls_x509_crt_set_authority_key_id(certificate.handle, id, id.count))
            }
            try check(
                "signing a certificate",
                unsafe gnutls_x509_crt_sign2(
                    certificate.handle, issuer.first, issuerKey.handle, authority.keyKind.digest, 0))
        } else {
            try check(
                "signing a certificate",
                unsafe gnutls_x509_crt_sign2(certificate.handle, certificate.handle, key.handle, self.keyKind.digest, 0)
            )
        }
        let encoded = unsafe try takingDatum("encoding a certificate") {
            unsafe gnutls_x509_crt_export2(certificate.handle, GNUTLS_X509_FMT_DER, $0)
        }
        let encodedKey = unsafe try takingDatum("encoding a private key") {
            unsafe gnutls_x509_privkey_export2_pkcs8(
                key.handle, GNUTLS_X509_FMT_DER, nil, GNUTLS_PKCS_PLAIN.rawValue, $0)
        }
        // A root is known to whoever trusts it, so only intermediates are sent along.
        let issuers = (authority?.chain ?? []).dropLast(authority?.isSelfSigned == true ? 1 : 0)
        return CertificateBundle(
            chain: [encoded] + issuers, privateKey: encodedKey, keyKind: self.keyKind, isSelfSigned: authority == nil)
    }

    func makeKey() throws(EngineError) -> PrivateKey {
        var handle: OpaquePointer?
        try check("allocating a private key", unsafe gnutls_x509_privkey_init(&handle))
        let key = unsafe PrivateKey(takingOwnershipOf: handle)
        let (algorithm, bits) = self.keyKind.parameters
        try check("making a private key", unsafe gnutls_x509_privkey_generate(key.handle, algorithm, bits, 0))
        return key
    }

    /// What the certificate says of its key, or what would be said.
    private static func keyIdentifier(of certificate: OpaquePointer?) -> [UInt8]? {
        let said = unsafe filledBuffer(64) { unsafe gnutls_x509_crt_get_subject_key_id(certificate, $0, $1, nil) }
        if let said { return said }
        return unsafe filledBuffer(64) { buffer, count in
            let bytes = unsafe buffer?.assumingMemoryBound(to: UInt8.self)
            return unsafe gnutls_x509_crt_get_key_id(certificate, 0, bytes, count)
        }
    }

    private func fill(_ certificate: EmptyCertificate, _ key: PrivateKey) throws(EngineError) {
        let handle = unsafe certificate.handle
        try check("version", unsafe gnutls_x509_crt_set_version(handle, 3))
        try certificate.chooseSerialNumber()
        try check("start", unsafe gnutls_x509_crt_set_activation_time(handle, Int(self.notBefore)))
        try check("end", unsafe gnutls_x509_crt_set_expiration_time(handle, Int(self.notAfter)))
        try check("key", unsafe gnutls_x509_crt_set_key(handle, key.handle))
        if let id = unsafe Self.keyIdentifier(of: handle) {
            try check("key identifier", unsafe gnutls_x509_crt_set_subject_key_id(handle, id, id.count))
        }
        let name = Array(self.commonName.utf8)
        try check(
            "common name", unsafe gnutls_x509_crt_set_dn_by_oid(handle, "2.5.4.3", 0, name, CUnsignedInt(name.count)))
        try check("constraints", unsafe gnutls_x509_crt_set_basic_constraints(handle, self.isAuthority ? 1 : 0, -1))
        let usage = self.isAuthority ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN : GNUTLS_KEY_DIGITAL_SIGNATURE
        try check("usage", unsafe gnutls_x509_crt_set_key_usage(handle, CUnsignedInt(usage)))
        for name in self.names {
            let address = IPLiteral.parse(name)
            let value = address ?? Array(name.utf8)
            let type = address == nil ? GNUTLS_SAN_DNSNAME : GNUTLS_SAN_IPADDRESS
            try check(
                "name \(name)",
                unsafe gnutls_x509_crt_set_subject_alt_name(
                    handle, type, value, CUnsignedInt(value.count), CUnsignedInt(GNUTLS_FSAN_APPEND)))
        }
        for item in self.extensions {
            try check(
                "extension \(item.identifier)",
                unsafe gnutls_x509_crt_set_extension_by_oid(
                    handle, item.identifier, item.value, item.value.count, item.isCritical ? 1 : 0))
        }
    }
}

/// A certificate chain with its private key, as bytes to store or to make a ``TLSIdentity`` of.
public struct CertificateBundle: Hashable, Sendable {
    /// Certificates in DER, the own one first.
    public let chain: [[UInt8]]
    /// The private key as PKCS #8 in DER.
    public let privateKey: [UInt8]
    let keyKind: CertificateTemplate.KeyKind
    let isSelfSigned: Bool

    /// The chain as PEM text.
    public var certificatePEM: String { self.chain.map { PEM.text("CERTIFICATE", $0) }.joined() }

    /// The private key as PEM text.
    public var privateKeyPEM: String { PEM.text("PRIVATE KEY", self.privateKey) }
}

extension CertificateTemplate.KeyKind {
    fileprivate var parameters: (gnutls_pk_algorithm_t, CUnsignedInt) {
        switch self {
        case .ed25519: (GNUTLS_PK_EDDSA_ED25519, 0)
        case .ecdsaP256: (GNUTLS_PK_ECDSA, tern_p256_bits())
        case .ecdsaP384: (GNUTLS_PK_ECDSA, tern_p384_bits())
        case .rsa(let bits): (GNUTLS_PK_RSA, CUnsignedInt(clamping: bits))
        }
    }

    fileprivate var digest: gnutls_digest_algorithm_t {
        switch self {
        case .ed25519: GNUTLS_DIG_SHA512
        case .ecdsaP384: GNUTLS_DIG_SHA384
        case .ecdsaP256, .rsa: GNUTLS_DIG_SHA256
        }
    }
}

internal import CNGTCP2

/// A certificate chain, or a bare public key, with its private key.
///
///     let identity = try TLSIdentity(certificateFile: "server.pem", privateKeyFile: "server.key")
@safe public final class TLSIdentity: @unchecked Sendable {
    // Sendable because GnuTLS allows credentials to be shared between sessions that only read them, and nobody
    // writes to them after `init`.
    let credentials: OpaquePointer
    private let leaf: OpaquePointer?

    /// The SubjectPublicKeyInfo of the key, in DER.
    public let publicKey: [UInt8]
    /// The chain in DER, the own certificate first; empty for a bare public key.
    public let chain: [[UInt8]]

    /// Whether peers are shown a bare public key (RFC 7250) and no certificate.
    public var isRawPublicKey: Bool { self.chain.isEmpty }

    /// What others pin this identity by.
    public var pin: PublicKeyPin? { PublicKeyPin(digest: sha256(self.publicKey)) }

    /// Reads a chain and a key (PKCS #8, or the older forms of RSA and EC keys) in PEM.
    public convenience init(certificatePEM: [UInt8], privateKeyPEM: [UInt8], password: String? = nil)
        throws(EngineError)
    {
        let certificates = try CertificateList(pem: certificatePEM)
        try self.init(certificates, PrivateKey(privateKeyPEM, isPEM: true, password: password))
    }

    /// Reads a chain, the own certificate first, and a key in DER.
    public convenience init(certificateDER: [[UInt8]], privateKeyDER: [UInt8]) throws(EngineError) {
        try self.init(CertificateList(der: certificateDER), PrivateKey(privateKeyDER, isPEM: false, password: nil))
    }

    /// Reads a chain and a key from PEM files.
    public convenience init(certificateFile: String, privateKeyFile: String, password: String? = nil)
        throws(EngineError)
    {
        let certificate = unsafe try takingDatum("reading \(certificateFile)") {
            unsafe gnutls_load_file(certificateFile, $0)
        }
        let key = unsafe try takingDatum("reading \(privateKeyFile)") { unsafe gnutls_load_file(privateKeyFile, $0) }
        try self.init(certificatePEM: certificate, privateKeyPEM: key, password: password)
    }

    /// Uses what ``CertificateTemplate/issue(by:)`` made.
    public convenience init(_ bundle: CertificateBundle) throws(EngineError) {
        try self.init(certificateDER: bundle.chain, privateKeyDER: bundle.privateKey)
    }

    /// Shows a bare public key instead of a certificate (RFC 7250).
    public init(rawPublicKeyOf privateKeyDER: [UInt8]) throws(EngineError) {
        let key = try PrivateKey(privateKeyDER, isPEM: false, password: nil)
        let publicKey = try key.subjectPublicKeyInfo
        let credentials = unsafe try Self.makeCredentials()
        let result = unsafe withDatum(publicKey) { spki in
            unsafe withDatum(privateKeyDER) { der in
                unsafe gnutls_certificate_set_rawpk_key_mem(
                    credentials, spki, der, GNUTLS_X509_FMT_DER, nil, 0, nil, 0, 0)
            }
        }
        guard result >= 0 else {
            unsafe gnutls_certificate_free_credentials(credentials)
            throw EngineError(.invalidCredentials, "using a raw public key: \(describe(gnutls: result))")
        }
        unsafe self.credentials = credentials
        unsafe self.leaf = nil
        self.publicKey = publicKey
        self.chain = []
    }

    private init(_ certificates: CertificateList, _ key: PrivateKey) throws(EngineError) {
        let publicKey = try certificates.subjectPublicKeyInfo
        // GnuTLS compares them too, but not for Ed25519.
        guard try key.subjectPublicKeyInfo == publicKey else {
            throw EngineError(.invalidCredentials, "certificate and private key: the key is another certificate's")
        }
        let chain = try certificates.encoded
        let credentials = unsafe try Self.makeCredentials()
        let result = unsafe certificates.withHandles { handles, count in
            unsafe gnutls_certificate_set_x509_key(credentials, handles, count, key.handle)
        }
        guard result >= 0 else {
            unsafe gnutls_certificate_free_credentials(credentials)
            throw EngineError(.invalidCredentials, "certificate and private key: \(describe(gnutls: result))")
        }
        unsafe self.credentials = credentials
        unsafe self.leaf = certificates.takeFirst()
        self.publicKey = publicKey
        self.chain = chain
    }

    deinit {
        unsafe gnutls_certificate_free_credentials(self.credentials)
        if let leaf = unsafe self.leaf { unsafe gnutls_x509_crt_deinit(leaf) }
    }

    /// Whether the certificate is for that name, wild cards included (RFC 6125).
    func isFor(_ name: String) -> Bool {
        guard let leaf = unsafe self.leaf else { return false }
        return unsafe gnutls_x509_crt_check_hostname(leaf, name) != 0
    }

    static func makeCredentials() throws(EngineError) -> OpaquePointer {
        var credentials: OpaquePointer?
        let result = unsafe gnutls_certificate_allocate_credentials(&credentials)
        guard result == 0, let credentials = unsafe credentials else {
            throw EngineError(.invalidCredentials, "allocating credentials: \(describe(gnutls: result))")
        }
        return unsafe credentials
    }

    /// For clients that show nothing. Never freed: it lives as long as the process.
    static let anonymous: TLSIdentity? = try? TLSIdentity(showingNothing: ())

    private init(showingNothing: Void) throws(EngineError) {
        unsafe self.credentials = try Self.makeCredentials()
        unsafe self.leaf = nil
        self.publicKey = []
        self.chain = []
    }
}

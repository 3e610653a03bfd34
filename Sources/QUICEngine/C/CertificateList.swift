internal import CNGTCP2

/// Parsed X.509 certificates, the peer's or our own first.
@safe final class CertificateList {
    private var handles: [OpaquePointer?] = unsafe []

    /// Parses one certificate of every element.
    init(der: [[UInt8]]) throws(EngineError) {
        guard !der.isEmpty else { throw EngineError(.invalidCredentials, "a chain needs at least one certificate") }
        for bytes in der {
            var handle: OpaquePointer?
            try check("allocating a certificate", unsafe gnutls_x509_crt_init(&handle))
            unsafe self.handles.append(handle)
            unsafe try check(
                "reading a certificate",
                withDatum(bytes) { unsafe gnutls_x509_crt_import(handle, $0, GNUTLS_X509_FMT_DER) })
        }
    }

    /// Parses all certificates of a PEM text.
    init(pem: [UInt8]) throws(EngineError) {
        var list: UnsafeMutablePointer<OpaquePointer?>?
        var count: CUnsignedInt = 0
        let result = unsafe withDatum(pem) {
            unsafe gnutls_x509_crt_list_import2(&list, &count, $0, GNUTLS_X509_FMT_PEM, 0)
        }
        try check("reading a certificate chain", result)
        unsafe self.handles = Array(UnsafeBufferPointer(start: list, count: Int(count)))
        unsafe tern_free(list)
        guard !self.isEmpty else { throw EngineError(.invalidCredentials, "no certificate in the PEM text") }
    }

    deinit { unsafe self.handles.forEach { unsafe gnutls_x509_crt_deinit($0) } }

    private var isEmpty: Bool { unsafe self.handles.isEmpty }

    func withHandles<R>(_ body: (UnsafeMutablePointer<OpaquePointer?>?, CInt) -> R) -> R {
        unsafe self.handles.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress, CInt($0.count)) }
    }

    /// Gives the first certificate away; the caller frees it.
    func takeFirst() -> OpaquePointer? {
        guard !self.isEmpty else { return nil }
        return unsafe self.handles.removeFirst()
    }

    var first: OpaquePointer? { unsafe self.handles.first ?? nil }

    /// When the first of them expires, in seconds since 1970.
    var expiry: Int64 {
        unsafe self.handles.map { unsafe Int64(gnutls_x509_crt_get_expiration_time($0)) }.min() ?? .min
    }

    /// The certificates in DER.
    var encoded: [[UInt8]] {
        get throws(EngineError) {
            var all: [[UInt8]] = []
            for index in unsafe self.handles.indices {
                let handle = unsafe self.handles[index]
                unsafe all.append(
                    try takingDatum("encoding a certificate") {
                        unsafe gnutls_x509_crt_export2(handle, GNUTLS_X509_FMT_DER, $0)
                    })
            }
            return all
        }
    }

    /// The first certificate's public key.
    var subjectPublicKeyInfo: [UInt8] {
        get throws(EngineError) {
            var key: OpaquePointer?
            try check("allocating a public key", unsafe gnutls_pubkey_init(&key))
            defer { unsafe gnutls_pubkey_deinit(key) }
            try check("reading a certificate's public key", unsafe gnutls_pubkey_import_x509(key, self.first, 0))
            return unsafe try takingDatum("encoding a public key") {
                unsafe gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, $0)
            }
        }
    }
}

/// A parsed private key.
@safe final class PrivateKey {
    let handle: OpaquePointer?

    init(_ bytes: [UInt8], isPEM: Bool, password: String?) throws(EngineError) {
        var handle: OpaquePointer?
        try check("allocating a private key", unsafe gnutls_x509_privkey_init(&handle))
        let format = isPEM ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER
        let result = unsafe withDatum(bytes) { unsafe gnutls_x509_privkey_import2(handle, $0, format, password, 0) }
        unsafe self.handle = handle
        try check("reading a private key", result)
    }

    /// Takes over a handle that was made elsewhere.
    init(takingOwnershipOf handle: OpaquePointer?) { unsafe self.handle = handle }

    deinit { unsafe gnutls_x509_privkey_deinit(self.handle) }

    /// The public half.
    var subjectPublicKeyInfo: [UInt8] {
        get throws(EngineError) {
            var abstract: OpaquePointer?
            var key: OpaquePointer?
            try check("allocating a private key", unsafe gnutls_privkey_init(&abstract))
            defer { unsafe gnutls_privkey_deinit(abstract) }
            try check("allocating a public key", unsafe gnutls_pubkey_init(&key))
            defer { unsafe gnutls_pubkey_deinit(key) }
            try check("using a private key", unsafe gnutls_privkey_import_x509(abstract, self.handle, 0))
            try check("deriving a public key", unsafe gnutls_pubkey_import_privkey(key, abstract, 0, 0))
            return unsafe try takingDatum("encoding a public key") {
                unsafe gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, $0)
            }
        }
    }
}

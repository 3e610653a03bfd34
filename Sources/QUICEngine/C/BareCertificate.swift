internal import CNGTCP2

/// A self-signed certificate with the extensions that are given and no others, for peers that look only at those.
///
///     let certificate = BareCertificate(extensions: [proof], notBefore: start, notAfter: end)
///     let identity = try certificate.issue(for: key)
package struct BareCertificate: Sendable {
    package var extensions: [CertificateTemplate.Extension]
    /// In seconds since 1970.
    package var notBefore: Int64
    package var notAfter: Int64
    package var version: CUnsignedInt = 3

    package init(extensions: [CertificateTemplate.Extension], notBefore: Int64, notAfter: Int64) {
        self.extensions = extensions
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// Makes the certificate of `key`, ready to be shown.
    package func issue(for key: SigningKey) throws(EngineError) -> TLSIdentity {
        try TLSIdentity(certificateDER: [self.der(for: key)], privateKeyDER: key.pkcs8)
    }

    /// Makes the certificate alone.
    package func der(for key: SigningKey) throws(EngineError) -> [UInt8] {
        let certificate = try EmptyCertificate()
        let handle = unsafe certificate.handle
        try check("version", unsafe gnutls_x509_crt_set_version(handle, self.version))
        try certificate.chooseSerialNumber()
        try check("start", unsafe gnutls_x509_crt_set_activation_time(handle, Int(self.notBefore)))
        try check("end", unsafe gnutls_x509_crt_set_expiration_time(handle, Int(self.notAfter)))
        try check("key", unsafe gnutls_x509_crt_set_key(handle, key.key.handle))
        // RFC 5280 §4.1.2.4: the issuer, here also the subject, has a name. It says nothing.
        let name = Array("host".utf8)
        try check(
            "common name", unsafe gnutls_x509_crt_set_dn_by_oid(handle, "2.5.4.3", 0, name, CUnsignedInt(name.count)))
        for item in self.extensions {
            try check(
                "extension \(item.identifier)",
                unsafe gnutls_x509_crt_set_extension_by_oid(
                    handle, item.identifier, item.value, item.value.count, item.isCritical ? 1 : 0))
        }
        let digest = key.kind == .ed25519 ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256
        try check("signing a certificate", unsafe gnutls_x509_crt_sign2(handle, handle, key.key.handle, digest, 0))
        return unsafe try takingDatum("encoding a certificate") {
            unsafe gnutls_x509_crt_export2(handle, GNUTLS_X509_FMT_DER, $0)
        }
    }
}

extension SigningKey {
    /// The private key in PKCS #8, which ``TLSIdentity`` takes.
    package var pkcs8: [UInt8] {
        get throws(EngineError) {
            unsafe try takingDatum("encoding a private key") {
                unsafe gnutls_x509_privkey_export2_pkcs8(
                    self.key.handle, GNUTLS_X509_FMT_DER, nil, GNUTLS_PKCS_PLAIN.rawValue, $0)
            }
        }
    }
}

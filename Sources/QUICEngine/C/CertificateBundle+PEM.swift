internal import CNGTCP2

extension CertificateBundle {
    /// Reads a chain, the own certificate first, and its key in PEM, for example those of an authority that is to sign:
    ///
    ///     let authority = try CertificateBundle(certificatePEM: caPEM, privateKeyPEM: caKeyPEM)
    ///     let bundle = try CertificateTemplate(commonName: "shop", names: ["shop.test"], now: now).issue(by: authority)
    public init(certificatePEM: [UInt8], privateKeyPEM: [UInt8], password: String? = nil) throws(EngineError) {
        let certificates = try CertificateList(pem: certificatePEM)
        let key = try PrivateKey(privateKeyPEM, isPEM: true, password: password)
        guard try key.subjectPublicKeyInfo == certificates.subjectPublicKeyInfo else {
            throw EngineError(.invalidCredentials, "certificate and private key: the key is another certificate's")
        }
        let chain = try certificates.encoded
        let encodedKey = unsafe try takingDatum("encoding a private key") {
            unsafe gnutls_x509_privkey_export2_pkcs8(
                key.handle, GNUTLS_X509_FMT_DER, nil, GNUTLS_PKCS_PLAIN.rawValue, $0)
        }
        var endsWithRoot = false
        if let last = chain.last { endsWithRoot = try CertificateDescription(der: last).isSelfSigned }
        self.init(chain: chain, privateKey: encodedKey, keyKind: try key.kind, isSelfSigned: endsWithRoot)
    }
}

extension PrivateKey {
    /// The kind, of those that certificates are made with here; of larger curves the nearest, which shares their digest.
    fileprivate var kind: CertificateTemplate.KeyKind {
        get throws(EngineError) {
            var bits: CUnsignedInt = 0
            let algorithm = unsafe gnutls_x509_privkey_get_pk_algorithm2(self.handle, &bits)
            switch gnutls_pk_algorithm_t(CUnsignedInt(max(algorithm, 0))) {
            case GNUTLS_PK_EDDSA_ED25519: return .ed25519
            case GNUTLS_PK_ECDSA: return bits > 256 ? .ecdsaP384 : .ecdsaP256
            case GNUTLS_PK_RSA: return .rsa(bits: Int(bits))
            default:
                throw EngineError(
                    .invalidCredentials, "the private key can't sign certificates here: use Ed25519, ECDSA or RSA")
            }
        }
    }
}

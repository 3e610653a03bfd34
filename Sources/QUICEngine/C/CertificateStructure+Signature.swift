internal import CNGTCP2

extension CertificateStructure {
    /// What is wrong with the signature of a certificate that its own key should have signed.
    package enum SignatureFault: Hashable, Sendable {
        /// The key or the algorithm is weak, or unknown.
        case unacceptable(String)
        /// Somebody else signed, or the certificate was changed.
        case wrong
    }

    /// Checks the signature with the certificate's own key; nil where it is right.
    package var selfSignatureFault: SignatureFault? {
        guard let list = try? CertificateList(der: [self.der]),
            let key = try? VerifyingKey(subjectPublicKeyInfo: self.subjectPublicKeyInfo)
        else { return .unacceptable("a key that can't be read") }
        guard key.kind.isAcceptable else { return .unacceptable("a key of the kind \(key.kind)") }
        let number = unsafe gnutls_x509_crt_get_signature_algorithm(list.first)
        let algorithm = gnutls_sign_algorithm_t(CUnsignedInt(truncatingIfNeeded: max(number, 0)))
        guard Self.acceptable.contains(algorithm) else {
            let name = unsafe gnutls_sign_get_name(algorithm).map { unsafe String(cString: $0) }
            return .unacceptable("the signature algorithm \(name ?? "of an unknown name")")
        }
        return key.isValid(signature: self.signature, of: self.signedPart, by: algorithm) ? nil : .wrong
    }

    /// Everything with SHA-256 or better.
    private static let acceptable = [
        GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_SIGN_ECDSA_SHA512, GNUTLS_SIGN_EDDSA_ED25519,
        GNUTLS_SIGN_RSA_SHA256, GNUTLS_SIGN_RSA_SHA384, GNUTLS_SIGN_RSA_SHA512, GNUTLS_SIGN_RSA_PSS_SHA256,
        GNUTLS_SIGN_RSA_PSS_SHA384, GNUTLS_SIGN_RSA_PSS_SHA512,
    ]
}

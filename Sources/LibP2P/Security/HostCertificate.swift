public import QUICEngine
internal import QUICIO

/// Makes the certificates that hosts show each other.
///
///     let identity = try HostCertificate.make(for: hostKey)
///
/// Each has a key of its own, which has nothing to do with the host's: make one per process and keep none.
public enum HostCertificate {
    /// Makes a key on P-256 and a certificate for it, self-signed, in which the host key vouches for that key. It is good
    /// from an hour ago, for peers whose clocks are behind, for a hundred years.
    public static func make(for key: PrivateKey) throws(LibP2PError) -> TLSIdentity {
        let now = WallClock.seconds()
        do {
            let certificateKey = try SigningKey.generate(.ecdsaP256)
            let proof = try self.proof(by: key, for: certificateKey.subjectPublicKeyInfo)
            return try BareCertificate(extensions: [proof], notBefore: now - 3_600, notAfter: now + self.lifetime)
                .issue(for: certificateKey)
        } catch let error as EngineError {
            throw LibP2PError(.systemFailed, "the host's certificate can't be made: \(error.message)")
        } catch let error as LibP2PError {
            throw error
        } catch {
            throw LibP2PError(.systemFailed, "the host's certificate can't be made: \(error)")
        }
    }

    /// The extension. Not critical: others refuse what they do not know, and everybody understands this.
    static func proof(
        by key: PrivateKey, for subjectPublicKeyInfo: [UInt8], isCritical: Bool = false
    ) throws(LibP2PError) -> CertificateTemplate.Extension {
        let signature = try key.sign(SignedKey.signedMessage(for: subjectPublicKeyInfo))
        let signed = SignedKey(publicKey: key.publicKey.message.encoded, signature: signature)
        return CertificateTemplate.Extension(
            identifier: SignedKey.identifier, value: signed.der, isCritical: isCritical)
    }

    /// A hundred years in seconds.
    private static let lifetime: Int64 = 36_525 * 86_400
}

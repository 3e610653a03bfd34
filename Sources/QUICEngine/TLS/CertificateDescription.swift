/// What an X.509 certificate says, for people and for tools to read. Reading it checks nothing.
///
///     let certificate = try CertificateDescription(der: peer.chain[0])
///     print("\(certificate.subject), good until \(certificate.notAfter), for \(certificate.names)")
///
/// Whether to believe it is for ``TrustPolicy`` to decide, or for ``TrustStore/problems(of:name:at:)`` to explain.
public struct CertificateDescription: Hashable, Sendable {
    /// The certificate itself.
    public let der: [UInt8]
    /// Whom it is about, as a distinguished name (RFC 4514).
    public let subject: String
    /// Who signed it.
    public let issuer: String
    /// The number that the issuer gave it, in hexadecimal.
    public let serialNumber: String
    /// The DNS names, IP addresses and other names that it is for (RFC 5280 §4.2.1.6).
    public let names: [String]
    /// From when it is good, in seconds since 1970.
    public let notBefore: Int64
    /// Until when it is good, in seconds since 1970.
    public let notAfter: Int64
    /// The kind of its key and its curve: `Ed25519`, `ECDSA P-256`, `RSA`.
    public let keyKind: String
    /// How long the key is.
    public let keyBits: Int
    /// How it was signed, in GnuTLS's words: `RSA-SHA256`, `EdDSA-Ed25519`.
    public let signatureAlgorithm: String
    /// Whether it may sign others.
    public let isAuthority: Bool
    /// Whether it is signed by its own key, as far as names and key identifiers tell: the root of a chain is.
    public let isSelfSigned: Bool
    /// What the key may be used for (RFC 5280 §4.2.1.3); empty where nothing is said.
    public let keyUsages: [String]
    /// Who may be authenticated with it (RFC 5280 §4.2.1.12), in words or as object identifiers; empty: everybody.
    public let purposes: [String]
    /// The SHA-256 digest of the certificate.
    public let sha256: [UInt8]
    /// The SHA-1 digest of the certificate, by which older tools name it. It proves nothing.
    public let sha1: [UInt8]
    /// The public key as SubjectPublicKeyInfo in DER.
    public let publicKey: [UInt8]

    /// What to pin the key by; it stays when the certificate is renewed with the same key.
    public var pin: PublicKeyPin? { PublicKeyPin(digest: QUICEngine.sha256(self.publicKey)) }

    /// The certificate as PEM text (RFC 7468 §5).
    public var pem: String { PEM.text("CERTIFICATE", self.der) }

    /// The certificates of a PEM text, in its order.
    public static func all(pem: [UInt8]) throws(EngineError) -> [CertificateDescription] {
        var all: [CertificateDescription] = []
        for der in try CertificateList(pem: pem).encoded { all.append(try CertificateDescription(der: der)) }
        return all
    }

    /// Whether `issuer` signed it, as far as names and key identifiers tell; signatures are not computed.
    public func isIssued(by issuer: CertificateDescription) -> Bool {
        guard let list = try? CertificateList(der: [self.der, issuer.der]) else { return false }
        return list.isFirstIssuedBySecond
    }

    /// What is wrong with the order of a chain, in a sentence; nil where each certificate is signed by the next
    /// (RFC 8446 §4.4.2). Most clients forgive a wrong order, but not all.
    public static func orderProblem(in chain: [CertificateDescription]) -> String? {
        for (index, pair) in zip(chain, chain.dropFirst()).enumerated() where !pair.0.isIssued(by: pair.1) {
            let position = "certificate \(index + 1)"
            if let place = chain.indices.first(where: { $0 != index && pair.0.isIssued(by: chain[$0]) }),
                !pair.0.isSelfSigned
            {
                return "\(position) is signed by certificate \(place + 1), which should follow it directly"
            }
            if pair.0.isSelfSigned { return "\(position) is a root, and \(chain.count - index - 1) more follow it" }
            return "\(position) is not signed by the next one, and its issuer is not in the chain"
        }
        return nil
    }

    init(
        der: [UInt8], subject: String, issuer: String, serialNumber: String, names: [String],
        validity: (Int64, Int64), key: (kind: String, bits: Int, encoded: [UInt8]), signatureAlgorithm: String,
        isAuthority: Bool, isSelfSigned: Bool, keyUsages: [String], purposes: [String], sha1: [UInt8]
    ) {
        self.der = der
        self.subject = subject
        self.issuer = issuer
        self.serialNumber = serialNumber
        self.names = names
        self.notBefore = validity.0
        self.notAfter = validity.1
        self.keyKind = key.kind
        self.keyBits = key.bits
        self.publicKey = key.encoded
        self.signatureAlgorithm = signatureAlgorithm
        self.isAuthority = isAuthority
        self.isSelfSigned = isSelfSigned
        self.keyUsages = keyUsages
        self.purposes = purposes
        self.sha256 = QUICEngine.sha256(der)
        self.sha1 = sha1
    }
}

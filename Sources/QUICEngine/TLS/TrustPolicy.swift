/// Decides whether the peer is who it should be. There is no silent way to turn the check off.
public struct TrustPolicy: Sendable {
    enum Kind: Sendable {
        case store(TrustStore)
        case system
        case pinned([PublicKeyPin])
        case custom(@Sendable (PeerCertificate) -> CertificateVerdict)
        case deferred
        case insecureNoVerification
    }

    let kind: Kind

    /// The certificate authorities that the system trusts (Debian's `ca-certificates`), and the name must match.
    public static let system = TrustPolicy(kind: .system)

    /// These certificate authorities and no others, and the name must match.
    public static func roots(_ store: TrustStore) -> TrustPolicy { TrustPolicy(kind: .store(store)) }

    /// One of these public keys, whatever its certificate says about names, dates and issuers.
    public static func pinned(_ pins: [PublicKeyPin]) -> TrustPolicy { TrustPolicy(kind: .pinned(pins)) }

    /// Your own judgement, at once. It runs inside the handshake: it must not block and can't call the engine.
    public static func custom(_ judge: @escaping @Sendable (PeerCertificate) -> CertificateVerdict) -> TrustPolicy {
        TrustPolicy(kind: .custom(judge))
    }

    /// Your own judgement, later: ``ConnectionEvent/verificationNeeded(_:)`` asks, the handshake waits for
    /// ``ConnectionEngine/completeVerification(_:now:)``.
    public static let deferred = TrustPolicy(kind: .deferred)

    /// Anybody. Only for tests on one machine: whoever is on the way can read and change everything.
    public static let insecureNoVerification = TrustPolicy(kind: .insecureNoVerification)

    /// Whether the policy can judge a bare public key.
    var judgesRawKeys: Bool {
        switch self.kind {
        case .pinned, .custom, .deferred, .insecureNoVerification: true
        case .store, .system: false
        }
    }
}

/// What the peer showed to prove who it is.
public struct PeerCertificate: Hashable, Sendable {
    /// The certificates in DER, the peer's own first; empty for a bare public key.
    public let chain: [[UInt8]]
    /// The public key as SubjectPublicKeyInfo in DER.
    public let publicKey: [UInt8]
    /// The name that it must be for; nil where we are the server.
    public let expectedName: String?

    /// Whether the peer showed a bare public key (RFC 7250).
    public var isRawPublicKey: Bool { self.chain.isEmpty }
}

/// The answer of a judge.
public enum CertificateVerdict: Hashable, Sendable {
    /// The peer is who it should be.
    case accept
    /// It is not; the alert tells the peer, the text tells people.
    case reject(TLSAlert, reason: String)
}

/// The SHA-256 digest of a SubjectPublicKeyInfo: names a key whatever certificate it is in (RFC 7469 §2.4).
public struct PublicKeyPin: Hashable, Sendable, CustomStringConvertible {
    /// The thirty-two bytes.
    public let digest: [UInt8]

    /// Creates a pin from a digest, or nil if it does not have thirty-two bytes.
    public init?(digest: [UInt8]) {
        guard digest.count == 32 else { return nil }
        self.digest = digest
    }

    /// The digest in hexadecimal.
    public var description: String { self.digest.hexadecimal }
}

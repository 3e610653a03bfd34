public import QUICEngine

/// A certificate authority and what it signs, made on the spot: nothing secret lies in the repository.
public struct TestIdentities: Sendable {
    /// The authority's own certificate and key.
    public let authority: CertificateBundle
    /// Trusts that authority only.
    public let store: TrustStore
    private let now: Int64

    /// Makes an authority whose certificates are good at `now`, in seconds since 1970.
    public init(now: Int64, keyKind: CertificateTemplate.KeyKind = .ed25519) throws(EngineError) {
        var template = CertificateTemplate(commonName: "Tern test authority", now: now)
        template.isAuthority = true
        template.keyKind = keyKind
        self.authority = try template.issue()
        self.store = try TrustStore(pem: Array(self.authority.certificatePEM.utf8))
        self.now = now
    }

    /// An identity for `names`, signed by the authority.
    public func identity(
        for names: [String], keyKind: CertificateTemplate.KeyKind = .ed25519,
        _ configure: (inout CertificateTemplate) -> Void = { _ in }
    ) throws(EngineError) -> TLSIdentity { try TLSIdentity(self.bundle(for: names, keyKind: keyKind, configure)) }

    /// The bytes of such an identity.
    public func bundle(
        for names: [String], keyKind: CertificateTemplate.KeyKind = .ed25519,
        _ configure: (inout CertificateTemplate) -> Void = { _ in }
    ) throws(EngineError) -> CertificateBundle {
        var template = CertificateTemplate(commonName: names.first ?? "nobody", names: names, now: self.now)
        template.keyKind = keyKind
        configure(&template)
        return try template.issue(by: self.authority)
    }
}

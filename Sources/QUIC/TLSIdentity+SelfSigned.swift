public import QUICEngine
internal import QUICIO

extension TLSIdentity {
    /// Makes a key and a certificate for it that nobody else signed, good for a year: for trials, and for peers that know
    /// each other's keys.
    ///
    ///     let identity = try TLSIdentity.selfSigned(names: ["localhost", "127.0.0.1"])
    ///     let server = QUICServerConfiguration(identity: identity, protocols: ["echo"])
    ///     // A client trusts it by its pin, or by its certificate:
    ///     let byPin = TrustPolicy.pinned([identity.pin].compactMap { $0 })
    ///     let byCertificate = TrustPolicy.roots(try TrustStore(pem: Array(identity.certificatePEM.utf8)))
    ///
    /// `names` are DNS names and IP addresses. The key is ECDSA with P-256, which every client can check.
    public static func selfSigned(names: [String] = ["localhost", "127.0.0.1", "::1"]) throws(EngineError)
        -> TLSIdentity
    {
        var template = CertificateTemplate(
            commonName: names.first ?? "localhost", names: names, now: WallClock.seconds())
        template.keyKind = .ecdsaP256
        return try TLSIdentity(template.issue())
    }
}

extension TLSIdentity {
    /// The chain as PEM text, for whoever is to trust it: `TrustStore(pem:)` reads it. Empty for a bare public key.
    public var certificatePEM: String { self.chain.map { PEM.text("CERTIFICATE", $0) }.joined() }
}

internal import CNGTCP2
internal import Synchronization

/// The public keys of chains that were read before: a server's is the same at every connection.
enum PeerKeys {
    /// How many are kept.
    private static let limit = 256
    private static let known = Mutex<[[UInt8]: [UInt8]]>([:])

    /// The key of the first certificate; throws where any of them can't be read.
    static func publicKey(of chain: [[UInt8]]) throws(EngineError) -> [UInt8] {
        let digest = AcceptedChains.digest(of: chain)
        if let key = self.known.withLock({ $0[digest] }) { return key }
        let key = try CertificateList(der: chain).subjectPublicKeyInfo
        guard !digest.isEmpty else { return key }
        self.known.withLock { known in
            if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
            known[digest] = key
        }
        return key
    }
}

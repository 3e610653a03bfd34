internal import CNGTCP2

/// Keeps the verdict on the peer of one connection while GnuTLS asks for it, perhaps again and again.
final class PeerVerifier {
    private enum State: Equatable {
        case unasked, waiting, accepted
        case rejected(TLSAlert, String)
    }

    let policy: TrustPolicy
    let expectedName: String?
    let peerIsServer: Bool
    let isOptional: Bool
    private var state: State = .unasked
    private(set) var peer: PeerCertificate?

    init(policy: TrustPolicy, expectedName: String?, peerIsServer: Bool, isOptional: Bool) {
        self.policy = policy
        self.expectedName = expectedName
        self.peerIsServer = peerIsServer
        self.isOptional = isOptional
    }

    var isWaiting: Bool { self.state == .waiting }

    var rejection: (alert: TLSAlert, reason: String)? {
        guard case .rejected(let alert, let reason) = self.state else { return nil }
        return (alert, reason)
    }

    func decide(_ verdict: CertificateVerdict) {
        switch verdict {
        case .accept: self.state = .accepted
        case .reject(let alert, let reason): self.state = .rejected(alert, reason)
        }
    }

    /// GnuTLS's question. `ask` is called once, if the application is to say later.
    func verify(_ session: OpaquePointer?, ask: (PeerCertificate) -> Void) -> CInt {
        if self.state == .unasked { unsafe self.judge(session, ask: ask) }
        switch self.state {
        case .accepted: return 0
        case .waiting: return CInt(GNUTLS_E_AGAIN)
        case .unasked, .rejected: return CInt(GNUTLS_E_CERTIFICATE_ERROR)
        }
    }

    private func judge(_ session: OpaquePointer?, ask: (PeerCertificate) -> Void) {
        let peer: PeerCertificate?
        do { peer = try unsafe Self.readPeer(session, expectedName: self.expectedName) } catch {
            return self.state = .rejected(.badCertificate, error.message)
        }
        guard let peer else {
            self.state = self.isOptional ? .accepted : .rejected(.certificateRequired, "the peer showed no certificate")
            return
        }
        self.peer = peer
        if let verdict = self.policy.judge(peer, peerIsServer: self.peerIsServer) { return self.decide(verdict) }
        self.state = .waiting
        ask(peer)
    }

    private static func readPeer(_ session: OpaquePointer?, expectedName: String?) throws(EngineError)
        -> PeerCertificate?
    {
        var count: CUnsignedInt = 0
        guard let list = unsafe gnutls_certificate_get_peers(session, &count), count > 0 else { return nil }
        let chain = unsafe UnsafeBufferPointer(start: list, count: Int(count)).map { unsafe $0.copied }
        if unsafe tern_peer_sent_raw_key(session) != 0 {
            return PeerCertificate(chain: [], publicKey: chain[0], expectedName: expectedName)
        }
        let publicKey = try PeerKeys.publicKey(of: chain)
        return PeerCertificate(chain: chain, publicKey: publicKey, expectedName: expectedName)
    }
}

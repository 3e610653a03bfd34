internal import QUICEngine
internal import QUICIO

/// How hosts do TLS with each other (tls §Handshake Protocol): certificates on both sides, one application protocol, no
/// server name, and no session that is resumed, because a resumed one shows no certificate.
enum LibP2PTrust {
    /// The only application protocol (ALPN).
    static let applicationProtocol = "libp2p"

    /// For dialling an address, never a name: a name would be sent along.
    ///
    /// - Parameter expecting: who must answer; nil: anybody.
    static func client(identity: TLSIdentity, expecting: PeerID?) -> TLSClientConfiguration {
        var tls = TLSClientConfiguration(serverName: "", protocols: [self.applicationProtocol])
        tls.identity = identity
        tls.trust = self.policy(expecting: expecting)
        return tls
    }

    /// For listening. It gives no tickets, because it asks for certificates.
    static func server(identity: TLSIdentity) -> TLSServerConfiguration {
        var tls = TLSServerConfiguration(
            identities: ServerIdentities(default: identity), protocols: [self.applicationProtocol])
        tls.clientAuthentication = .required(self.policy(expecting: nil))
        return tls
    }

    /// Judges by ``PeerVerification``.
    static func policy(expecting: PeerID?) -> TrustPolicy {
        .custom { certificate in
            switch PeerVerification.verify(
                chain: certificate.chain, expecting: expecting, at: WallClock.seconds())
            {
            case .success: .accept
            case .failure(let rejection): .reject(rejection.alert, reason: rejection.reason)
            }
        }
    }

    /// Who is at the other end of a connection whose handshake is complete.
    static func peer(of certificate: PeerCertificate?) -> AuthenticatedPeer? {
        certificate.flatMap { PeerVerification.peer(ofAccepted: $0.chain) }
    }
}

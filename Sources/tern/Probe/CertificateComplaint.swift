import QUIC

/// What we do not like about a server's certificate.
struct CertificateComplaint {
    let word: String
    let sentence: String

    /// nil: the handshake failed for another reason.
    init?(_ error: QUICError, _ probe: ServerProbe) {
        guard error.code == .handshakeFailed, error.closedBy == .local, let alert = error.underlying?.tlsAlert else {
            return nil
        }
        let reason = error.underlying?.reason ?? ""
        let name = probe.options.client.serverName ?? probe.server.host
        switch alert {
        case _ where reason.contains("is not for"):
            self.word = "wrong name"
            self.sentence =
                "the certificate is for other names than \(name): check the name, or give the right one with --sni"
        case .certificateExpired:
            let isEarly = reason.contains("not yet")
            self.word = isEarly ? "not valid yet" : "expired"
            self.sentence =
                isEarly
                ? "the certificate is not valid yet: check this computer's clock, or wait"
                : "the certificate has expired: the server needs a new one (unless this computer's clock is wrong)"
        case .unknownCA:
            self.word = "unknown issuer"
            self.sentence =
                "nobody whom this computer trusts signed the certificate: give its authority with --ca, or its key with --pin"
        case .certificateRevoked:
            self.word = "revoked"
            self.sentence = "the certificate was revoked: the server needs a new one"
        case .badCertificate, .unsupportedCertificate, .certificateUnknown, .certificateRequired:
            self.word = "not trusted"
            self.sentence = "the certificate is not accepted: \(reason)"
        default: return nil
        }
    }
}

import QUIC
import QUICEngine

/// Why a handshake failed, and what to do about it.
struct HandshakeFailure {
    let error: QUICError
    /// What came of the question for the server's versions.
    let reachability: AddressChecks.Reachability
    let offered: [String]

    func report(to diagnosis: Diagnosis, time: Duration) {
        if self.error.underlying?.tlsAlert == .noApplicationProtocol {
            return diagnosis.fail(
                "protocol", "protocol (ALPN): the server speaks none of \(self.offered.joined(separator: ", "))",
                hint: "name the one that it speaks: --alpn NAME", time: time)
        }
        diagnosis.fail("handshake", "handshake: \(self.sentence)", hint: self.hint, time: time)
    }

    private var sentence: String {
        switch self.error.code {
        case .handshakeTimeout: self.reachability != .silent ? "it did not complete in time" : "nobody answered"
        case .connectionRefused: "the server takes no connection from here"
        default: self.error.reason
        }
    }

    private var hint: String? {
        switch self.error.code {
        case .handshakeTimeout where self.reachability == .strange:
            return "what answers on this port does not speak QUIC: name another port"
        case .handshakeTimeout where self.reachability == .answered:
            return
                "packets get through, but not all: an overloaded server, or a path that loses large packets. Try again, "
                + "with a longer --connect-timeout"
        case .handshakeTimeout:
            return
                "a firewall that swallows UDP, here or there, or nobody listens on this port. Try another network, and "
                + "look at the server's firewall"
        case .connectionRefused: return "it may be full, or shutting down, or turn strangers away: try later"
        case .versionNegotiation: return "the server is too old: version 1 (RFC 9000) is needed"
        case .idleTimeout: return "the server fell silent: is it overloaded?"
        default: return self.alertHint
        }
    }

    private var alertHint: String? {
        guard let alert = self.error.underlying?.tlsAlert else { return nil }
        switch alert {
        case .handshakeFailure: return "no cipher or group in common: is one of the ends restricted by a policy?"
        case .unrecognizedName: return "the server has no certificate for that name: --sni NAME asks for another"
        case .certificateRequired:
            return "the server wants to see a certificate of the client, which the doctor has not"
        default: return "look at the server's log: it says why it sent \(alert)"
        }
    }
}

import QUIC

/// All that is known of one server.
struct ProbeResult: Sendable {
    let server: HostAndPort
    var address: NetworkAddress?
    /// Whether a handshake was completed, and so the rest could be looked at.
    var isReached = false
    var problems: [ProbeProblem] = []
    var verdicts: [ProbeStep: ProbeVerdict] = [:]

    var versions: [QUICVersion] = []
    var protocols: [String] = []
    var summary: HandshakeSummary?
    /// What the server showed, its own certificate first.
    var chain: [CertificateDescription] = []
    var handshakeTime: Duration?
    var parameters: PeerTransportParameters?

    init(_ server: HostAndPort) { self.server = server }

    /// What the table calls the server: without the port that everybody expects.
    var name: String { self.server.port == 443 ? self.server.host : self.server.description }

    func verdict(_ step: ProbeStep) -> ProbeVerdict { self.verdicts[step] ?? .notTried() }
}

import QUIC

/// A handshake that succeeded, and how further ones do.
struct ProbeVisit: Sendable {
    /// What came of dialling.
    struct Outcome: Sendable {
        var visit: ProbeVisit?
        var certificate: ProbeVerdict?
        var problem: ProbeProblem?
        var error: QUICError?
    }

    let address: NetworkAddress
    let endpoint: QUICEndpoint
    let connection: QUICConnection
    /// With a trust that lets the server in, and its first protocol alone.
    let client: QUICClientConfiguration
    /// The tickets of the connection, under the protocol that was asked for first.
    let sessions: MemoryStore
    let ticketKey: ServerKey

    func takeTicket() -> ResumptionTicket? { self.sessions.takeTicket(for: self.ticketKey) }

    /// Shakes hands; where only the certificate is wrong once more without looking at it, so that the rest can be told.
    static func dial(_ probe: ServerProbe, _ address: NetworkAddress) async -> Outcome {
        do {
            let endpoint = try await probe.options.client.bind()
            let outcome = await Self.dial(probe, address, endpoint)
            if outcome.visit == nil { await endpoint.close() }
            return outcome
        } catch {
            return Outcome(error: error as? QUICError)
        }
    }

    /// A handshake asks for eight protocols at most; where the server speaks none of those, the next eight are tried.
    private static func dial(_ probe: ServerProbe, _ address: NetworkAddress, _ endpoint: QUICEndpoint) async
        -> Outcome
    {
        var outcome = Outcome()
        var rest = probe.options.protocols[...]
        while !rest.isEmpty {
            outcome = await Self.dial(probe, address, endpoint, protocols: Array(rest.prefix(8)))
            rest = rest.dropFirst(8)
            guard outcome.visit == nil, outcome.error?.underlying?.tlsAlert == .noApplicationProtocol else { break }
        }
        return outcome
    }

    private static func dial(
        _ probe: ServerProbe, _ address: NetworkAddress, _ endpoint: QUICEndpoint, protocols: [String]
    ) async -> Outcome {
        let options = probe.options
        var outcome = Outcome()
        for isTrusted in [true, false] {
            var client = options.configuration(probe.server, protocols: protocols, isTrusted: isTrusted)
            let sessions = MemoryStore()
            client.sessions = sessions
            do throws(QUICError) {
                let connection = try await endpoint.connect(to: address, client)
                if isTrusted {
                    outcome.certificate =
                        options.client.trust.isNone ? .notTried("--insecure", word: "not checked") : .yes("valid")
                }
                let key = ServerKey(
                    host: client.tls.serverName, port: address.port, applicationProtocol: protocols[0])
                client.sessions = nil
                client.tls.protocols = [connection.applicationProtocol ?? protocols[0]]
                outcome.visit = ProbeVisit(
                    address: address, endpoint: endpoint, connection: connection, client: client, sessions: sessions,
                    ticketKey: key)
                return outcome
            } catch {
                outcome.error = error
                guard isTrusted, let complaint = CertificateComplaint(error, probe) else { return outcome }
                outcome.certificate = .no(complaint.sentence, word: complaint.word)
                outcome.problem = ProbeProblem(.certificate, complaint.sentence)
            }
        }
        return outcome
    }

    /// The code that says that all is well in the server's protocol.
    var closeCode: UInt64 { self.client.tls.protocols == ["h3"] ? 0x100 : 0 }
}

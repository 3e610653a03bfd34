import QUIC
import QUICIO

/// Looks at one server: first whether and how it answers, then at its features.
struct ServerProbe: Sendable {
    let server: HostAndPort
    let options: ProbeOptions

    func run() async -> ProbeResult {
        var result = ProbeResult(self.server)
        let addresses: [NetworkAddress]
        do {
            let server = self.server
            addresses = try await TimeLimit.run(.seconds(5)) {
                try await NetworkAddress.resolve(server.host, port: server.port)
            }
        } catch {
            result.problems = [ProbeProblem(.name, Self.unresolved(self.server, error))]
            return result
        }
        let candidates = self.candidates(addresses)
        guard !candidates.isEmpty else {
            result.problems = [
                ProbeProblem(.name, "the name has no \(self.options.client.family?.name ?? "") address")
            ]
            return result
        }
        var visit: ProbeVisit?
        for address in candidates {
            result = ProbeResult(self.server)
            result.address = address
            visit = await self.contact(address, &result)
            // An answer of any kind is this server's; silence may be that of one address family.
            if visit != nil || !result.versions.isEmpty { break }
        }
        if let visit { await self.look(visit, &result) }
        return result
    }

    /// The system's first choice of each family.
    private func candidates(_ addresses: [NetworkAddress]) -> [NetworkAddress] {
        var families: Set<NetworkAddress.Family> = []
        return addresses.filter { address in
            (self.options.client.family ?? address.family) == address.family
                && families.insert(address.family).inserted
        }
    }

    private static func unresolved(_ server: HostAndPort, _ error: any Error) -> String {
        error is StepTimeout
            ? "no name server answers for \(server.host): check the network, and its DNS"
            : (error as? QUICError)?.reason ?? "\(error)"
    }

    // MARK: Contact

    /// Asks for the versions and shakes hands at the same time; nil where no handshake came about.
    private func contact(_ address: NetworkAddress, _ result: inout ProbeResult) async -> ProbeVisit? {
        let dialling = Task { await ProbeVisit.dial(self, address) }
        let timeout = self.options.timeout
        let offered = await withTaskCancellationHandler {
            await Self.versions(address, timeout)
        } onCancel: {
            dialling.cancel()
        }
        // The endpoint's socket does not hear that the port is closed: it would wait in vain.
        if case .failure(let error) = offered, error.code != .handshakeTimeout { dialling.cancel() }
        let dialled = await dialling.value
        self.note(offered, &result)
        result.verdicts[.certificate] = dialled.certificate
        guard let visit = dialled.visit else {
            result.problems = [await self.problem(address, offered, dialled.error)]
            return nil
        }
        let chain = visit.connection.handshakeSummary?.peerCertificate?.chain ?? []
        result.chain = chain.compactMap { try? CertificateDescription(der: $0) }
        if let problem = dialled.problem {
            let facts = result.chain.first.map { "; \($0.facts)" } ?? ""
            result.problems = [ProbeProblem(problem.cause, problem.text + facts)]
        } else if let leaf = result.chain.first, dialled.certificate?.kind == .yes {
            result.verdicts[.certificate] = .yes("valid", leaf.facts.printable)
        }
        result.isReached = true
        return visit
    }

    private static func versions(
        _ address: NetworkAddress, _ timeout: Duration
    ) async -> Result<[QUICVersion], QUICError> {
        do throws(QUICError) {
            return .success(try await QUICEndpoint.supportedVersions(of: address, timeout: timeout))
        } catch {
            return .failure(error)
        }
    }

    private func note(_ offered: Result<[QUICVersion], QUICError>, _ result: inout ProbeResult) {
        switch offered {
        case .success(let versions):
            result.versions = versions
            result.verdicts[.versions] =
                versions.isEmpty
                ? .unknown("it offers none but made-up ones") : .yes(versions.names.joined(separator: ","))
        case .failure(let error):
            result.verdicts[.versions] =
                error.code == .handshakeTimeout
                ? .unknown("it ignores packets of unknown versions") : .notTried(error.reason)
        }
    }

    /// Why there is no handshake, in one sentence.
    private func problem(
        _ address: NetworkAddress, _ offered: Result<[QUICVersion], QUICError>, _ error: QUICError?
    ) async -> ProbeProblem {
        switch offered {
        case .success(let versions):
            if !versions.isEmpty, !versions.contains(where: \.isKnown) {
                let names = versions.names.joined(separator: ", ")
                return ProbeProblem(.version, "it speaks only \(names), no version that is in use today: v1 or v2")
            }
            guard let error else { return ProbeProblem(.handshake, "the handshake came to nothing") }
            return self.problem(error, hasAnswered: true)
        case .failure(let failure) where failure.code == .handshakeTimeout:
            guard let error, error.code == .handshakeTimeout || error.code == .cancelled else {
                return error.map { self.problem($0, hasAnswered: false) }
                    ?? ProbeProblem(.handshake, "the handshake came to nothing")
            }
            return await self.silence(address)
        case .failure(let failure): return await self.unreachable(address, failure)
        }
    }

    private func silence(_ address: NetworkAddress) async -> ProbeProblem {
        let port = address.port
        switch await self.tcp(address) {
        case .open:
            return ProbeProblem(
                .tcpOnly,
                "no answer on UDP port \(port), but TCP port \(port) is open: it has no QUIC, or a firewall drops UDP")
        case .closed, .silent:
            return ProbeProblem(
                .silence,
                "no answer on UDP port \(port): nobody is there, or a firewall on the way swallows UDP")
        }
    }

    private func unreachable(_ address: NetworkAddress, _ error: QUICError) async -> ProbeProblem {
        guard error.code == .unreachable else { return ProbeProblem(.noRoute, error.reason) }
        let port = address.port
        switch await self.tcp(address) {
        case .open:
            return ProbeProblem(
                .tcpOnly,
                "TCP port \(port) is open and UDP port \(port) closed: a server without QUIC (HTTP/1 or HTTP/2)")
        case .closed(.connectionRefused):
            return ProbeProblem(
                .closed, "the host is up, and its UDP port \(port) is closed: no QUIC server runs there")
        case .closed, .silent: return ProbeProblem(.noRoute, error.reason)
        }
    }

    private func tcp(_ address: NetworkAddress) async -> TCPPort.State {
        await TCPPort.state(of: SocketAddress(address), within: min(self.options.timeout, .seconds(2)))
    }

    private func problem(_ error: QUICError, hasAnswered: Bool) -> ProbeProblem {
        let protocols = self.options.protocols.joined(separator: ", ")
        switch (error.code, error.underlying?.tlsAlert) {
        case (.handshakeFailed, .noApplicationProtocol?):
            return ProbeProblem(
                .alpn, "it speaks none of the protocols \(protocols): name its own with --alpn")
        case (.handshakeFailed, .unrecognizedName?):
            return ProbeProblem(
                .certificate,
                "it knows no server of the name \(self.options.client.serverName ?? self.server.host): name another with --sni"
            )
        case (.handshakeFailed, .certificateRequired?):
            return ProbeProblem(.handshake, "it asks clients for a certificate, and this command has none")
        case (.handshakeFailed, .handshakeFailure?):
            return ProbeProblem(.handshake, "no cipher or key exchange in common: \(error.reason)")
        case (.connectionRefused, _): return ProbeProblem(.refused, "it takes no connections now, or none from here")
        case (.versionNegotiation, _): return ProbeProblem(.version, error.reason)
        case (.handshakeTimeout, _) where hasAnswered:
            return ProbeProblem(
                .handshake,
                "it answers questions for its versions and then no handshake within \(self.options.timeout.text)")
        default: return ProbeProblem(.handshake, error.reason)
        }
    }
}

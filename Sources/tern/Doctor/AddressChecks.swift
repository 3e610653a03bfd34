import QUIC
import QUICEngine
import QUICIO

/// One address of a server: does UDP get there, is QUIC spoken, does the handshake complete?
struct AddressChecks: Sendable {
    let address: NetworkAddress
    let server: HostAndPort
    let options: DoctorOptions
    let diagnosis: Diagnosis
    /// Whether the server has other addresses: one that this machine has no route to is then no failure.
    let hasOthers: Bool

    /// Returns whether a connection came about.
    func run() async -> Bool {
        let reachability = await self.ask()
        guard reachability != .hopeless, !Task.isCancelled else { return false }
        return await self.connect(reachability)
    }

    /// What came of the first question.
    enum Reachability {
        case answered, silent
        /// Something answered that was not QUIC.
        case strange
        /// A handshake need not be tried.
        case hopeless
    }

    // MARK: UDP and versions

    private func ask() async -> Reachability {
        let inquiry = VersionInquiry(random: SystemRandomness())
        // Time for three questions, and for an answer to the last.
        let reply = await DatagramExchange.ask(
            SocketAddress(self.address), inquiry.datagram, within: .milliseconds(1_800), isAnswer: { _ in true })
        var figures = JSONObject()
        figures.add("attempts", reply.attempts)
        if let mtu = reply.mtu { figures.add("mtu", mtu) }
        switch reply.outcome {
        case .answer(let answer):
            return self.answered(inquiry.versions(in: answer), reply, figures)
        case .cancelled: return .hopeless
        case .silence:
            self.diagnosis.warn(
                "udp", "UDP: no answer to \(reply.attempts) packets that ask for versions",
                hint: "a firewall may swallow them, nobody may listen, or the server does not answer such questions: "
                    + "the handshake will tell", time: reply.time, figures)
            return .silent
        case .refused(let error):
            self.refused(error, reply.time, figures)
            return .hopeless
        case .unsendable(let error):
            self.unsendable(error, reply.time)
            return .hopeless
        }
    }

    private func answered(_ versions: [QUICVersion]?, _ reply: DatagramExchange.Report, _ figures: JSONObject)
        -> Reachability
    {
        guard let versions else {
            self.diagnosis.warn(
                "udp", "UDP: something answers, but not with QUIC",
                hint: "another protocol may have this port: is it the right one?", time: reply.time, figures)
            return .strange
        }
        self.diagnosis.good("udp", "UDP: a QUIC server answers", time: reply.time, figures)
        let list = versions.names.joined(separator: ", ")
        if EngineLibrary.versions.contains(where: versions.contains) {
            self.diagnosis.good("versions", "versions: \(list)")
            return .answered
        } else {
            self.diagnosis.fail(
                "versions", "versions: \(list.isEmpty ? "none" : list), and none of those is spoken here",
                hint: "the server is too old: version 1 (RFC 9000) is needed")
            return .hopeless
        }
    }

    private func refused(_ error: Errno, _ time: Duration, _ figures: JSONObject) {
        switch error {
        case .connectionRefused:
            self.diagnosis.fail(
                "udp", "UDP: the host is there, but nobody listens on port \(self.address.port) (ICMP)",
                hint:
                    "is the server running, on this port, and with UDP? A server of HTTP/1 and HTTP/2 alone has only the "
                    + "TCP port of the same number", time: time, figures)
        default:
            self.diagnosis.fail(
                "udp", "UDP: a host on the way turns the packets away: \(error.message) (ICMP)",
                hint: "a firewall or a missing route: traceroute -U -p \(self.address.port) \(self.address.host)",
                time: time, figures)
        }
    }

    private func unsendable(_ error: Errno, _ time: Duration) {
        let sentence = "UDP: this machine can't send there: \(error.message)"
        let hint = "no route: look at ip \(self.address.family == .ipv6 ? "-6 " : "")route get \(self.address.host)"
        if self.hasOthers {
            self.diagnosis.warn("udp", sentence, hint: hint, time: time)
        } else {
            self.diagnosis.fail("udp", sentence, hint: hint, time: time)
        }
    }

    // MARK: The handshake

    private func connect(_ reachability: Reachability) async -> Bool {
        let client = self.configuration
        do {
            let endpoint = try await QUICEndpoint.bind(to: self.address.family == .ipv4 ? .anyIPv4() : .any())
            let start = MonotonicClock.now()
            do {
                let connection = try await endpoint.connect(to: self.address, client)
                let time = MonotonicClock.elapsed(since: start)
                self.connected(connection, time)
                CertificateFindings(diagnosis: self.diagnosis, options: self.options, name: client.tls.serverName)
                    .judge(connection.peerCertificate)
                await PathFindings(diagnosis: self.diagnosis).run(connection)
                connection.close()
            } catch {
                let time = MonotonicClock.elapsed(since: start)
                HandshakeFailure(error: error, reachability: reachability, offered: client.tls.protocols)
                    .report(to: self.diagnosis, time: time)
                await endpoint.shutdown(deadline: .milliseconds(200))
                return false
            }
            await endpoint.shutdown(deadline: .milliseconds(500))
            return true
        } catch {
            self.diagnosis.fail("handshake", "no connection can be begun: \(error)")
            return false
        }
    }

    /// Takes any certificate: it is judged afterwards, so that one problem does not hide the others.
    private var configuration: QUICClientConfiguration {
        var client = QUICClientConfiguration(protocols: self.options.protocols)
        client.tls.serverName = self.options.serverName ?? self.server.host
        client.tls.trust = .insecureNoVerification
        client.transport.handshakeTimeout = self.options.timeout
        return client
    }

    private func connected(_ connection: QUICConnection, _ time: Duration) {
        guard let summary = connection.handshakeSummary else { return }
        let retry = summary.didRetry ? ", after a Retry" : ""
        self.diagnosis.good(
            "handshake",
            "handshake: version \(summary.version), \(summary.cipher), \(summary.group)\(retry)", time: time)
        self.diagnosis.good("protocol", "protocol (ALPN): \(summary.applicationProtocol)")
    }
}

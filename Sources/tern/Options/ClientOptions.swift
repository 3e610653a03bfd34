import QUIC
import QUICIO

/// How a server is called and what is trusted: the options that all clients share.
struct ClientOptions: Sendable {
    static let help = """
            --ca FILE          trust the certificates in FILE instead of the system's
            --pin HEX          trust this public key (tern cert pin), whatever its certificate says
            --insecure         trust everybody: for trials only
            --sni NAME         ask for this name, and check the certificate for it
            -4, -6             only IPv4, only IPv6
            --connect-timeout S  seconds for the handshake: 10
        \(TransportOptions.help)
        """

    var transport: TransportOptions
    let trust: CertificateTrust
    var serverName: String?
    var family: NetworkAddress.Family?
    let keyLog: KeyLogFile?
    let traces: TraceFolder?

    init(_ arguments: inout Arguments, versions: [QUICVersion] = [.version1]) throws {
        self.transport = try TransportOptions(&arguments, versions: versions)
        self.trust = try CertificateTrust(&arguments, offersNone: true)
        self.serverName = try arguments.option("--sni")
        self.family = try arguments.family()
        self.transport.handshakeTimeout =
            try arguments.seconds("--connect-timeout") ?? self.transport.handshakeTimeout
        self.keyLog = try KeyLogFile.fromEnvironment()
        self.traces = try self.transport.qlogFolder.map { try TraceFolder($0, role: "client") }
    }

    /// The configuration of a connection that speaks one of these protocols.
    func configuration(protocols: [String]) -> QUICClientConfiguration {
        var client = QUICClientConfiguration(protocols: protocols, transport: self.transport.engine)
        client.tls.trust = self.trust.policy
        client.tls.serverName = self.serverName ?? ""
        client.tls.cryptography = self.transport.cryptography
        if let keyLog = self.keyLog {
            client.tls.logsKeys = true
            client.keyLog = { keyLog.add($0) }
        }
        if let traces = self.traces { client.qlog = { _ in traces.sink() } }
        return client
    }

    /// A port to call from; where one family is asked for, of that family only.
    func bind() async throws -> QUICEndpoint {
        let endpoint = try await QUICEndpoint.bind(
            to: self.family == .ipv4 ? .anyIPv4() : .any(),
            configuration: .defaults { $0.onWarning = { Console.warn($0) } })
        return endpoint
    }

    /// Connects, by name or by address, and waits for the handshake.
    func connect(_ endpoint: QUICEndpoint, to server: HostAndPort, _ client: QUICClientConfiguration) async throws
        -> QUICConnection
    {
        guard self.family != nil else {
            return try await endpoint.connect(to: server.host, port: server.port, client)
        }
        return try await endpoint.connect(to: try await self.address(of: server), self.named(client, server))
    }

    /// One address of the server: the system's first choice in the family that was asked for.
    func address(of server: HostAndPort) async throws -> NetworkAddress {
        let addresses = try await NetworkAddress.resolve(server.host, port: server.port)
        guard let address = addresses.first(where: { self.family == nil || $0.family == self.family }) else {
            throw UsageError(message: "\(server.host) has no \(self.family?.name ?? "") address")
        }
        return address
    }

    /// The configuration for calling an address of a server that is known by name.
    func named(_ client: QUICClientConfiguration, _ server: HostAndPort) -> QUICClientConfiguration {
        var client = client
        if client.tls.serverName.isEmpty { client.tls.serverName = server.host }
        return client
    }

    /// Runs `body` with an endpoint, writes traces meanwhile, and gives the port back.
    func withEndpoint(_ body: @escaping @Sendable (QUICEndpoint) async throws -> Void) async throws {
        let endpoint = try await self.bind()
        let writing = Task { await self.traces?.keepWriting() }
        let result: Result<Void, any Error>
        do { result = .success(try await body(endpoint)) } catch { result = .failure(error) }
        await endpoint.shutdown(deadline: .milliseconds(500))
        writing.cancel()
        await writing.value
        self.traces?.write()
        try result.get()
    }
}

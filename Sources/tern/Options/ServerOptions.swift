import QUIC
import QUICIO

/// How a server listens and who it is: the options that all servers share.
struct ServerOptions: Sendable {
    static let help = """
            --listen ADDRESS   [::] unless given: every address of both families
            --port N           4433 unless given; 0: one that the system chooses
            --cert FILE --key FILE   the certificate chain and its key, in PEM; without them a self-signed one is made
            --names A,B        the names of the certificate that is made: localhost,127.0.0.1,::1
            --retry            every client must first show that its address is its own
            --secret FILE      32 random bytes or more: keys of tokens, resets and tickets come from them
            --max-connections N   as many at a time, 65536 unless given
            --max-streams N    streams of each kind that a client may have open: 1000
            --0rtt             take 0-RTT data
        \(TransportOptions.help)
        """

    var transport: TransportOptions
    var address: NetworkAddress
    var isRetrying = false
    var connections = 65_536
    var streams: UInt64 = 1_000
    var takesEarlyData = false
    let identity: TLSIdentity
    /// Whether the certificate was made for this run: clients can only know it by its pin.
    let isSelfSigned: Bool
    let keys: EndpointKeys?
    let keyLog: KeyLogFile?
    let traces: TraceFolder?

    init(_ arguments: inout Arguments, port standard: UInt16 = 4433) throws {
        self.transport = try TransportOptions(&arguments, versions: [.version1, .version2])
        let host = try arguments.option("--listen") ?? "::"
        let port = try arguments.port("--port") ?? standard
        guard let address = NetworkAddress(host.filter { $0 != "[" && $0 != "]" }, port: port) else {
            throw UsageError(message: "--listen is an address of this host, such as 127.0.0.1 or ::, not \(host)")
        }
        self.address = address
        self.isRetrying = arguments.flag("--retry")
        self.takesEarlyData = arguments.flag("--0rtt")
        self.connections = try arguments.whole("--max-connections", 1...10_000_000) ?? self.connections
        self.streams = UInt64(try arguments.whole("--max-streams", 1...1_000_000) ?? Int(self.streams))
        let (certificate, key) = (try arguments.option("--cert"), try arguments.option("--key"))
        let names = try arguments.list("--names")
        guard (certificate == nil) == (key == nil) else { throw UsageError(message: "give both --cert and --key") }
        guard certificate == nil || names == nil else {
            throw UsageError(message: "--names is for a certificate that is made here, and --cert gives one")
        }
        if let certificate, let key {
            self.identity = try TLSIdentity(certificateFile: certificate, privateKeyFile: key)
        } else {
            self.identity = try names.map { try .selfSigned(names: $0) } ?? .selfSigned()
        }
        self.isSelfSigned = certificate == nil
        self.keys = try arguments.option("--secret").map { path in
            do { return try EndpointKeys(secret: PrivateFile.read(path, limit: 65_536).bytes) } catch {
                throw UsageError(message: "the secret \(path) can't be used: \(error)")
            }
        }
        self.keyLog = try KeyLogFile.fromEnvironment()
        self.traces = try self.transport.qlogFolder.map { try TraceFolder($0, role: "server") }
    }

    /// The configuration of a server that speaks these protocols.
    func configuration(protocols: [String]) throws -> QUICServerConfiguration {
        var server = QUICServerConfiguration(
            identity: self.identity, protocols: protocols, transport: self.transport.engine)
        server.tls.cryptography = self.transport.cryptography
        server.transport.streams.bidirectional = self.streams
        server.transport.streams.unidirectional = self.streams
        server.retry = self.isRetrying ? .always : server.retry
        if self.takesEarlyData { server.tls.earlyData = try ReplayProtection() }
        if let keyLog = self.keyLog {
            server.tls.logsKeys = true
            server.keyLog = { keyLog.add($0) }
        }
        if let traces = self.traces { server.qlog = { _ in traces.sink() } }
        return server
    }

    /// Opens the port and listens.
    func listen(_ server: QUICServerConfiguration) async throws -> QUICEndpoint {
        try await QUICEndpoint.listen(
            on: self.address, server,
            configuration: .defaults {
                $0.keys = self.keys
                $0.limits.connections = self.connections
                $0.onWarning = { Console.warn($0) }
            })
    }

    /// What a person needs to call the server.
    func greeting(_ endpoint: QUICEndpoint) async -> String {
        let address = await endpoint.localAddress
        var lines = ["listening on \(address)"]
        if self.isSelfSigned, let pin = self.identity.pin {
            lines.append("certificate made for this run; clients know it by --pin \(pin)")
        }
        return lines.joined(separator: "\n")
    }
}

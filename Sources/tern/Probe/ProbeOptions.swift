import QUIC

/// What the flags of `tern probe` say.
struct ProbeOptions: Sendable {
    /// Protocols that public servers and those of the QUIC stacks are known to speak.
    static let knownProtocols = [
        "h3", "hq-interop", "doq", "smb", "perf", "echo", "tern-files", "tern-transfer", "libp2p",
    ]

    let servers: [HostAndPort]
    let steps: Set<ProbeStep>
    let protocols: [String]
    /// For each step.
    let timeout: Duration
    let isPublic: Bool
    let isWide: Bool
    let printsJSON: Bool
    let client: ClientOptions

    init(_ arguments: inout Arguments) throws {
        self.isPublic = arguments.flag("--public")
        self.isWide = arguments.flag("--wide")
        self.printsJSON = arguments.flag("--json")
        self.steps = Set(try arguments.list("--steps")?.map(ProbeStep.named) ?? ProbeStep.allCases)
        self.protocols = try arguments.list("--alpn") ?? Self.knownProtocols
        self.timeout = try arguments.seconds("--timeout") ?? .seconds(3)
        var client = try ClientOptions(&arguments, versions: [.version1, .version2])
        client.transport.handshakeTimeout = self.timeout
        self.client = client
        var servers = self.isPublic ? PublicServers.all : []
        while let word = arguments.next() {
            guard !word.hasPrefix("-") else { throw UsageError(message: "\(word) is not understood") }
            servers.append(try HostAndPort(word, port: 443))
        }
        self.servers = servers
        guard !servers.isEmpty else { throw UsageError(message: "name a server, or give --public") }
        guard !self.protocols.isEmpty, self.protocols.allSatisfy({ 1...31 ~= $0.utf8.count }) else {
            throw UsageError(message: "--alpn is a list of protocols, each of 1 to 31 bytes")
        }
        guard self.timeout >= .milliseconds(10) else { throw UsageError(message: "--timeout is at least 0.01 s") }
    }

    /// How a server is dialled that is asked for one of these protocols.
    func configuration(_ server: HostAndPort, protocols: [String], isTrusted: Bool = true) -> QUICClientConfiguration {
        var configuration = self.client.named(self.client.configuration(protocols: protocols), server)
        if !isTrusted { configuration.tls.trust = .insecureNoVerification }
        return configuration
    }
}

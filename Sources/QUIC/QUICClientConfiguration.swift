public import QUICEngine

/// How an endpoint dials.
///
///     var client = QUICClientConfiguration(protocols: ["echo"])
///     client.tls.trust = .roots(try TrustStore(pem: authorities))
///     client.sessions = sessions  // the next connection resumes this one
public struct QUICClientConfiguration: Sendable {
    /// How TLS is done. An empty server name is filled in with the host that is dialled.
    public var tls: TLSClientConfiguration
    /// Numbers and choices of the connection.
    public var transport: EngineConfiguration
    /// Keeps tickets, so that later connections to the same server resume; nil, the default, keeps none.
    public var sessions: (any SessionStore)?
    /// Keeps address tokens, which spare a round trip where the server uses Retry; nil, the default, keeps none.
    public var tokens: (any TokenStore)?
    /// How long one address is tried before the next is tried as well: 250 ms (RFC 8305 §8).
    public var attemptDelay: Duration = .milliseconds(250)
    /// How many addresses of a name are tried: 8.
    public var attemptLimit = 8
    /// Makes a handler that lives on the loop; nil, the default, for connections that tasks drive.
    public var handler: (@Sendable (QUICConnection) -> any QUICConnectionHandler)?
    /// Receives the lines of a key log file, where ``TLSClientConfiguration/logsKeys`` is on.
    public var keyLog: (@Sendable (String) -> Void)?
    /// Receives the lines of the packet log, where ``EngineConfiguration/Diagnostics/logsPackets`` is on.
    public var log: (@Sendable (String) -> Void)?

    /// Gives every connection a sink of its own for its qlog trace, from the server's address; nil: none is written.
    public var qlog: (@Sendable (NetworkAddress) -> QlogSink?)?

    /// Creates a configuration that trusts the system's roots.
    public init(protocols: [String], transport: EngineConfiguration = .defaults()) {
        self.init(tls: TLSClientConfiguration(serverName: "", protocols: protocols), transport: transport)
    }

    /// Creates a configuration from its parts.
    public init(tls: TLSClientConfiguration, transport: EngineConfiguration = .defaults()) {
        self.tls = tls
        self.transport = transport
    }
}

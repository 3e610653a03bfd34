public import QUICEngine

/// How an endpoint accepts connections.
///
///     let identity = try TLSIdentity(certificatePEM: certificate, privateKeyPEM: key)
///     var server = QUICServerConfiguration(identity: identity, protocols: ["echo"])
///     server.transport.idleTimeout = .seconds(60)
///     server.retry = .underLoad(threshold: 200)
public struct QUICServerConfiguration: Sendable {
    /// When clients are made to show that they are where they say (RFC 9000 §8.1.2). It costs them a round trip.
    public enum Retry: Hashable, Sendable {
        /// Never.
        case never
        /// Always.
        case always
        /// While more handshakes than this are under way.
        case underLoad(threshold: Int)
    }

    /// How TLS is done.
    public var tls: TLSServerConfiguration
    /// Numbers and choices of accepted connections.
    public var transport: EngineConfiguration
    /// Under load, above 256 handshakes: then an attacker could be behind them.
    public var retry: Retry = .underLoad(threshold: 256)
    /// Gives clients a token that spares them the Retry at their next visit.
    public var givesTokens = true
    /// Gives clients tickets that resume their sessions. The key is the endpoint's (``QUICEndpointConfiguration/keys``)
    /// unless ``TLSServerConfiguration/ticketKey`` names another.
    public var givesTickets = true
    /// Where clients should move once connected (RFC 9000 §9.6). Where it is not an address that the endpoint is bound to,
    /// have it heard there too: ``QUICEndpoint/addAddress(_:)``.
    public var preferredAddress: PreferredAddress?
    /// Sees every attempt before anything is kept of it, on the event loop: it must not block.
    public var filter: (@Sendable (QUICIncomingAttempt) -> QUICAdmission)?
    /// Hears of every attempt that was begun and came to nothing, by the address it came from; what the filter set aside
    /// for it can be given back. On the event loop: it must not block.
    public var attemptFailed: (@Sendable (NetworkAddress) -> Void)?
    /// Makes a handler that lives on the loop for every connection; nil, the default: connections are accepted by
    /// ``QUICEndpoint/serve(errorCode:_:)`` or ``QUICEndpoint/incoming``.
    public var handler: (@Sendable (QUICConnection) -> any QUICConnectionHandler)?
    /// Receives the lines of a key log file, where ``TLSServerConfiguration/logsKeys`` is on.
    public var keyLog: (@Sendable (String) -> Void)?
    /// Receives the lines of the packet log, where ``EngineConfiguration/Diagnostics/logsPackets`` is on.
    public var log: (@Sendable (String) -> Void)?

    /// Gives every connection a sink of its own for its qlog trace, from the client's address; nil: none is written.
    public var qlog: (@Sendable (NetworkAddress) -> QlogSink?)?

    /// Creates a configuration for a server with one identity.
    public init(
        identity: TLSIdentity, protocols: [String], transport: EngineConfiguration = .defaults()
    ) {
        self.init(
            tls: TLSServerConfiguration(identities: ServerIdentities(default: identity), protocols: protocols),
            transport: transport)
    }

    /// Creates a configuration from its parts.
    public init(tls: TLSServerConfiguration, transport: EngineConfiguration = .defaults()) {
        self.tls = tls
        self.transport = transport
    }

    var versions: [QUICVersion] { self.transport.versions.filter(EngineLibrary.versions.contains) }
}

/// What is known of a client before anything is kept of it.
public struct QUICIncomingAttempt: Sendable {
    /// Where it seems to be.
    public let remoteAddress: NetworkAddress
    /// Where it called us.
    public let localAddress: NetworkAddress
    /// Whether it has shown that it is there, by a token.
    public let isAddressValidated: Bool
    /// The version it starts with.
    public let version: QUICVersion
    /// The connection ID that it chose for us.
    public let destination: ConnectionID
    /// The connection ID that it wants to be called by.
    public let source: ConnectionID
    /// How many handshakes are under way on this event loop.
    public let halfOpen: Int
}

/// The answer to an attempt.
public enum QUICAdmission: Hashable, Sendable {
    /// Go on.
    case accept
    /// Say no, with CONNECTION_REFUSED.
    case refuse
    /// Make the client show its address first; one that has shown it goes on.
    case retry
    /// Say nothing.
    case ignore
}

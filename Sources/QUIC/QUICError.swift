public import QUICEngine

/// The one error of Tern: what failed, who ended it, with which code, and what a person can do.
///
///     do { … } catch let error as QUICError where error.code == .idleTimeout {
///         try await reconnect()
///     }
public struct QUICError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure. More may come, so a switch needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// A call was refused; the connection lives.
        public static let refused = Code(description: "refused")
        /// Something is wrong with a configuration, a certificate or a key.
        public static let invalidConfiguration = Code(description: "invalidConfiguration")
        /// A limit is reached: streams, queues, sizes.
        public static let limitReached = Code(description: "limitReached")
        /// The stream is over, or was stopped by the peer.
        public static let streamEnded = Code(description: "streamEnded")
        /// The connection was closed, by either end.
        public static let closed = Code(description: "closed")
        /// The TLS handshake failed.
        public static let handshakeFailed = Code(description: "handshakeFailed")
        /// Nobody answered in time.
        public static let handshakeTimeout = Code(description: "handshakeTimeout")
        /// A host or a router said that nobody is there: a closed port, no route, a firewall that rejects.
        public static let unreachable = Code(description: "unreachable")
        /// Nothing was heard for the idle timeout.
        public static let idleTimeout = Code(description: "idleTimeout")
        /// The peer has lost the connection's state.
        public static let statelessReset = Code(description: "statelessReset")
        /// No QUIC version in common.
        public static let versionNegotiation = Code(description: "versionNegotiation")
        /// The server takes no connections now, or none from here.
        public static let connectionRefused = Code(description: "connectionRefused")
        /// The peer gave its direction of the stream up; ``QUICError/applicationCode`` says with which code.
        public static let streamReset = Code(description: "streamReset")
        /// The peer wants no more of our direction; ``QUICError/applicationCode`` says with which code.
        public static let streamStopped = Code(description: "streamStopped")
        /// The task was cancelled while it waited. Only this one call ended: nothing was lost, nothing else is over.
        public static let cancelled = Code(description: "cancelled")
        /// The endpoint is shut down.
        public static let endpointClosed = Code(description: "endpointClosed")
        /// The host name has no address.
        public static let nameNotResolved = Code(description: "nameNotResolved")
        /// The operating system refused: a socket could not be opened, bound or used.
        public static let socketFailed = Code(description: "socketFailed")
    }

    /// The kind of failure.
    public let code: Code
    /// Who ended the connection, where one ended.
    public let closedBy: ConnectionCloseReason.ClosedBy?
    /// The application's error code, where one went over the wire.
    public let applicationCode: UInt64?
    /// What went wrong and what can be done about it.
    public let reason: String
    /// What the engine said.
    public let underlying: ConnectionCloseReason?

    /// The error that a call on the engine ends with.
    public init(_ error: EngineError) {
        self.init(
            code: Self.code(for: error.code), closedBy: nil, applicationCode: nil, reason: error.message,
            underlying: nil)
    }

    /// The error that everything on a connection ends with when the connection does.
    public init(_ reason: ConnectionCloseReason) {
        let applicationCode: UInt64? = if case .application(let code)? = reason.code { code } else { nil }
        self.init(
            code: Self.code(for: reason), closedBy: reason.closedBy, applicationCode: applicationCode,
            reason: reason.description, underlying: reason)
    }

    /// An error of the endpoint itself.
    init(_ code: Code, _ reason: String, applicationCode: UInt64? = nil) {
        self.init(code: code, closedBy: nil, applicationCode: applicationCode, reason: reason, underlying: nil)
    }

    func withReason(_ reason: String) -> QUICError {
        QUICError(
            code: self.code, closedBy: self.closedBy, applicationCode: self.applicationCode, reason: reason,
            underlying: self.underlying)
    }

    static let cancelled = QUICError(.cancelled, "the task was cancelled while it waited; the connection goes on")

    static let endpointClosed = QUICError(.endpointClosed, "the endpoint is shut down: bind another one")

    static func streamReset(_ code: UInt64) -> QUICError {
        QUICError(
            .streamReset, "the peer gave the stream up with code \(code): the rest will not come", applicationCode: code
        )
    }

    static func streamStopped(_ code: UInt64) -> QUICError {
        QUICError(
            .streamStopped, "the peer wants no more of the stream: it said stop with code \(code)",
            applicationCode: code)
    }

    private init(
        code: Code, closedBy: ConnectionCloseReason.ClosedBy?, applicationCode: UInt64?, reason: String,
        underlying: ConnectionCloseReason?
    ) {
        self.code = code
        self.closedBy = closedBy
        self.applicationCode = applicationCode
        self.reason = reason
        self.underlying = underlying
    }

    /// The kind and the reason.
    public var description: String { "\(self.code): \(self.reason)" }

    /// Errors are equal by code, who closed, and application code: texts may be reworded.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.code == rhs.code && lhs.closedBy == rhs.closedBy && lhs.applicationCode == rhs.applicationCode
    }

    /// Agrees with `==`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.code)
        hasher.combine(self.closedBy)
        hasher.combine(self.applicationCode)
    }

    private static func code(for code: EngineError.Code) -> Code {
        switch code {
        case .invalidConfiguration, .invalidCredentials, .unsupportedByLibrary: .invalidConfiguration
        case .streamLimitReached, .queueFull, .datagramNotPossible: .limitReached
        case .streamNotFound, .streamStateMismatch, .streamStopped: .streamEnded
        default: .refused
        }
    }

    private static func code(for reason: ConnectionCloseReason) -> Code {
        switch reason.closedBy {
        case .idleTimeout: .idleTimeout
        case .handshakeTimeout: .handshakeTimeout
        case .statelessReset: .statelessReset
        case .versionNegotiation: .versionNegotiation
        case .local, .peer:
            // RFC 9000 §20.1: 0x02 is CONNECTION_REFUSED.
            if reason.tlsAlert != nil {
                .handshakeFailed
            } else if reason.closedBy == .peer, reason.code == .transport(0x02) {
                .connectionRefused
            } else {
                .closed
            }
        }
    }
}

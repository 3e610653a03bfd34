/// What the peer declared of itself in the handshake (RFC 9000 §18.2).
public struct PeerTransportParameters: Hashable, Sendable {
    /// What we may send in all before credit returns.
    public let connectionWindow: UInt64
    /// How many bidirectional streams we may have opened, at first.
    public let bidirectionalStreams: UInt64
    /// How many unidirectional streams we may have opened, at first.
    public let unidirectionalStreams: UInt64
    /// What we may send on a bidirectional stream of ours before credit returns.
    public let bidirectionalStreamWindow: UInt64
    /// What we may send on a unidirectional stream before credit returns.
    public let unidirectionalStreamWindow: UInt64
    /// Silence after which the peer gives the connection up; zero: never.
    public let idleTimeout: Duration
    /// How long it may hold an acknowledgement back.
    public let maximumAcknowledgementDelay: Duration
    /// The largest UDP payload that it accepts.
    public let maximumPayload: UInt64
    /// How many of our connection IDs it keeps.
    public let activeConnectionIDLimit: UInt64
    /// The largest DATAGRAM frame that it accepts; 0: none (RFC 9221).
    public let maximumDatagramFrame: UInt64
    /// Whether it forbids us to move to another address.
    public let forbidsMigration: Bool
    /// Whether it accepts packets whose fixed bit is 0 (RFC 9287).
    public let greasesQUICBit: Bool
    /// Whether it would rather be reached at another address.
    public let hasPreferredAddress: Bool
    /// The connection ID that it began with (initial_source_connection_id).
    public let firstConnectionID: ConnectionID
    /// What its stateless resets for ``firstConnectionID`` end with; nil where it promises none, as clients do.
    public let resetToken: StatelessResetToken?
}

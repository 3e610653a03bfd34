/// The figures of one connection, counted by us where the library does not.
public struct ConnectionStatistics: Hashable, Sendable {
    /// UDP datagrams handed out for sending.
    public var datagramsSent: UInt64 = 0
    /// Bytes in them.
    public var bytesSent: UInt64 = 0
    /// UDP datagrams fed in.
    public var datagramsReceived: UInt64 = 0
    /// Bytes in them.
    public var bytesReceived: UInt64 = 0
    /// Packets with stream data or datagrams that were declared lost; since ngtcp2 1.16 packets of every kind.
    public var packetsLost: UInt64 = 0
    /// Stream bytes that the application wrote.
    public var streamBytesWritten: UInt64 = 0
    /// Stream bytes that arrived in order.
    public var streamBytesReceived: UInt64 = 0

    /// Streams that either end opened.
    public var streamsOpened: UInt64 = 0
    /// Streams that are over.
    public var streamsClosed: UInt64 = 0
    /// Streams that are open now.
    public var streamsActive: Int = 0

    /// RFC 9221 datagrams that went into packets.
    public var datagramFramesSent: UInt64 = 0
    /// RFC 9221 datagrams that arrived.
    public var datagramFramesReceived: UInt64 = 0
    /// RFC 9221 datagrams that found their queue full, on either side.
    public var datagramFramesDropped: UInt64 = 0
    /// RFC 9221 datagrams whose packets were declared lost.
    public var datagramFramesLost: UInt64 = 0

    /// The last measured round trip.
    public var latestRTT: Duration = .zero
    /// The shortest one.
    public var minimumRTT: Duration = .zero
    /// The smoothed one, RFC 9002 §5.3.
    public var smoothedRTT: Duration = .zero
    /// How much it varies.
    public var rttVariation: Duration = .zero

    /// How many bytes may be in flight.
    public var congestionWindow: UInt64 = 0
    /// How many are.
    public var bytesInFlight: UInt64 = 0
    /// The window at which slow start ends; the largest number where it has not ended.
    public var slowStartThreshold: UInt64 = 0
    /// The largest UDP payload that the path is known to carry.
    public var maximumPayload: Int = 0

    /// Congestion marks.
    public var ecn = ECNStatistics()

    /// How long the handshake took, once it is complete.
    public var handshakeDuration: Duration?
    /// Key updates so far.
    public var keyUpdates: UInt64 = 0
    /// Figures per path, in the order in which the paths appeared; the eight latest.
    public var paths: [PathStatistics] = []

    /// Creates figures of nothing.
    public init() {}
}

/// The figures of one path of a connection.
public struct PathStatistics: Hashable, Sendable {
    /// The path.
    public let path: NetworkPath
    /// Datagrams handed out for it.
    public var datagramsSent: UInt64 = 0
    /// Bytes in them.
    public var bytesSent: UInt64 = 0
    /// Datagrams that came over it.
    public var datagramsReceived: UInt64 = 0
    /// Bytes in them.
    public var bytesReceived: UInt64 = 0
    /// nil until the path was validated or its validation failed.
    public var isValidated: Bool?
}

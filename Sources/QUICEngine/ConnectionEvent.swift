/// What happened while an engine was being driven. Recorded inside the library's call-backs, read afterwards.
public enum ConnectionEvent: Equatable, Sendable {
    // Life
    /// TLS is complete; ``ConnectionEngine/handshake`` says with what result.
    case handshakeCompleted
    /// Both ends know that TLS is complete.
    case handshakeConfirmed
    /// The peer's certificate waits for ``ConnectionEngine/completeVerification(_:now:)``.
    case verificationNeeded(PeerCertificate)
    /// The connection is closing, draining or closed, and why. Comes once, before any stream's end.
    case closed(ConnectionCloseReason)
    /// Nothing is left: routes to this connection can go.
    case terminated

    // Streams
    /// The peer opened a stream; `early` when its first bytes came as 0-RTT data.
    case streamOpened(StreamID, early: Bool)
    /// There is something to read: bytes, the end, or a reset.
    case streamReadable(StreamID)
    /// There is room again for a writer that was held back.
    case streamWritable(StreamID)
    /// The peer does not want the rest: what was queued is gone.
    case streamStopped(StreamID, code: UInt64)
    /// Everything written so far was received by the peer's end.
    case streamAcknowledged(StreamID)
    /// Both directions are over.
    case streamClosed(StreamID)
    /// The peer allows more streams of that direction.
    case streamsAvailable(StreamDirection)
    /// The server refused 0-RTT: these streams never existed and must be sent again.
    case earlyDataRejected([RejectedStream])

    // Datagrams
    /// A datagram can be read.
    case datagramReadable
    /// The packet with that datagram was received.
    case datagramAcknowledged(UInt64)
    /// The packet with that datagram was lost. A hint: it may still arrive.
    case datagramLost(UInt64)

    // Addresses
    /// We answer to another connection ID.
    case connectionIDIssued(IssuedConnectionID)
    /// The peer will not use this ID any more; late packets may still carry it.
    case connectionIDRetired(IssuedConnectionID)
    /// The ID that the client chose for its first packets is not needed any more.
    case initialConnectionIDExpired(ConnectionID)
    /// The peer's stateless resets for this ID carry this token.
    case resetTokenLearned(StatelessResetToken, number: UInt64)
    /// That token is of no use any more.
    case resetTokenExpired(StatelessResetToken, number: UInt64)
    /// An address was checked by challenge and response.
    case pathValidated(NetworkPath, succeeded: Bool, isPreferredAddress: Bool)
    /// Packets now leave on this path.
    case pathChanged(NetworkPath)

    /// The peer answered ``ConnectionEngine/ping()``; with the round trip that was measured.
    case pingAnswered(Duration)

    // TLS and tokens
    /// For ``TLSClientConfiguration/resumption`` of a later connection to the same server.
    case resumptionTicket(ResumptionTicket)
    /// For ``ClientAttempt/token`` of a later connection to the same server.
    case addressToken([UInt8])
    /// A line for a key log file.
    case keyLog(String)
    /// Packet protection has moved on to new keys (RFC 9001 §6), and both ends use them.
    case keysUpdated
    /// A line of the library's debug log.
    case log(String)
}

/// A connection ID of ours, with the number that orders its retirement (RFC 9000 §5.1.1).
public struct IssuedConnectionID: Hashable, Sendable {
    /// 0 for the one of the handshake.
    public let sequenceNumber: UInt64
    /// The ID.
    public let id: ConnectionID
    /// What a stateless reset for this ID carries; nil where the peer was told of none.
    public let resetToken: StatelessResetToken?
}

/// A stream whose 0-RTT data the server refused, with all that was written to it.
public struct RejectedStream: Equatable, Sendable {
    /// The number it had. The first stream that is opened now gets the first number again.
    public let id: StreamID
    /// The bytes, from the first.
    public let chunks: [Chunk]
    /// Whether the stream was finished.
    public let isFinished: Bool
    /// Its priority.
    public let priority: StreamPriority

    /// Two are equal when they say the same of the same stream and bytes.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.id == rhs.id && lhs.isFinished == rhs.isFinished && lhs.priority == rhs.priority
            && lhs.chunks.map(\.bytes) == rhs.chunks.map(\.bytes)
    }
}

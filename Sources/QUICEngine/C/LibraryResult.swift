internal import CNGTCP2

/// A result code of ngtcp2, by name: the numbers differ between versions.
struct LibraryResult: Equatable {
    let code: CInt

    init(_ code: some BinaryInteger) { self.code = CInt(truncatingIfNeeded: code) }

    static let success = LibraryResult(0)
    static let draining = LibraryResult(NGTCP2_ERR_DRAINING)
    static let idleClose = LibraryResult(NGTCP2_ERR_IDLE_CLOSE)
    static let handshakeTimeout = LibraryResult(NGTCP2_ERR_HANDSHAKE_TIMEOUT)
    static let versionNegotiation = LibraryResult(NGTCP2_ERR_RECV_VERSION_NEGOTIATION)
    static let dropConnection = LibraryResult(NGTCP2_ERR_DROP_CONN)
    static let retry = LibraryResult(NGTCP2_ERR_RETRY)
    static let tls = LibraryResult(NGTCP2_ERR_CRYPTO)
    static let writeMore = LibraryResult(NGTCP2_ERR_WRITE_MORE)
    static let streamDataBlocked = LibraryResult(NGTCP2_ERR_STREAM_DATA_BLOCKED)
    static let streamShut = LibraryResult(NGTCP2_ERR_STREAM_SHUT_WR)
    static let streamNotFound = LibraryResult(NGTCP2_ERR_STREAM_NOT_FOUND)
    static let streamIDBlocked = LibraryResult(NGTCP2_ERR_STREAM_ID_BLOCKED)
    static let connectionIDBlocked = LibraryResult(NGTCP2_ERR_CONN_ID_BLOCKED)
    static let invalidArgument = LibraryResult(NGTCP2_ERR_INVALID_ARGUMENT)
    static let invalidState = LibraryResult(NGTCP2_ERR_INVALID_STATE)

    /// Not a code of the library: packets were written, and there may be more to write.
    static let wrotePackets = LibraryResult(1)

    /// The connection can't go on. Everything else is about one stream, one packet or nothing at all.
    var isFatal: Bool {
        self.code < 0 && ![.writeMore, .streamDataBlocked, .streamShut, .streamNotFound].contains(self)
    }

    /// What the library calls it.
    var text: String { unsafe String(cString: ngtcp2_strerror(self.code)) }

    /// The QUIC error code to close with (RFC 9000 §20.1).
    var transportCode: UInt64 { tern_transport_code(self.code) }
}

/// What a libp2p connection runs on: a QUIC connection, or a relayed stream with TLS and a muxer over it. The peer is
/// authenticated before one exists.
protocol MuxedConnection: AnyObject, Sendable {
    /// Whether neither end has closed it yet.
    var isOpen: Bool { get }
    /// Waits while the peer allows no more streams.
    func openStream() async throws(LibP2PError) -> any DuplexStream
    /// The next stream that the peer opens.
    func acceptStream() async throws(LibP2PError) -> any DuplexStream
    /// Closes at once. Closing twice changes nothing.
    func close(code: ConnectionCode, reason: String)
    /// Waits for the end, and says why it came.
    func closed() async -> LibP2PError
}

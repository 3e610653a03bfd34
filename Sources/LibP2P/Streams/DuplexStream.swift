/// What a libp2p stream runs on: bytes in order, both ways. A stream of QUIC, or one inside a relayed connection.
protocol DuplexStream: Sendable {
    /// The next bytes, at most `maximum`; nil at the end of what the peer sends.
    func read(maximum: Int) async throws(LibP2PError) -> [UInt8]?
    /// Returns once the bytes are taken over.
    func write(_ bytes: [UInt8]) async throws(LibP2PError)
    /// Ends our direction, once all that was written has been sent.
    func finish() throws(LibP2PError)
    /// Tells the peer that its direction is of no interest any more.
    func stopReading(code: StreamCode)
    /// Gives both directions up.
    func reset(code: StreamCode)
}

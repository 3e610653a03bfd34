public import QUICEngine

/// An application protocol that lives on the event loop: the second way to drive a connection, without tasks and hops.
///
/// Every method runs inside the connection's actor, between two packets. It must not block. It acts through the
/// connection at once: ``QUICConnection/open(_:priority:)``, ``QUICConnection/read(_:into:)``,
/// ``QUICConnection/write(_:to:)-(RawSpan,_)`` and the others of that group. The streams and datagrams of such a connection
/// belong to its handler alone: ``QUICConnection/openStream(_:priority:)`` and its like are for connections without one.
///
///     final class Echo: QUICConnectionHandler {
///         func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
///             while let chunk = connection.readChunk(stream) { connection.write(chunk, to: stream) }
///             if connection.isAtEnd(stream) { connection.finish(stream) }
///         }
///     }
public protocol QUICConnectionHandler: AnyObject {
    /// The handshake is complete.
    func connected(_ connection: isolated QUICConnection)
    /// The peer opened a stream; `early`: with 0-RTT data, which an attacker may have copied. Such a stream can come before
    /// the handshake is complete.
    func streamOpened(_ stream: StreamID, early: Bool, on connection: isolated QUICConnection)
    /// There is something to read: bytes, the end, or a reset.
    func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection)
    /// There is room again after a write that was not taken whole.
    func streamWritable(_ stream: StreamID, on connection: isolated QUICConnection)
    /// The peer wants no more of our direction.
    func streamStopped(_ stream: StreamID, code: UInt64, on connection: isolated QUICConnection)
    /// Both directions are over.
    func streamClosed(_ stream: StreamID, on connection: isolated QUICConnection)
    /// The peer allows more streams.
    func streamsAvailable(_ direction: StreamDirection, on connection: isolated QUICConnection)
    /// A datagram can be read.
    func datagramReadable(on connection: isolated QUICConnection)
    /// The connection is over, and why. Nothing is called after this.
    func closed(_ error: QUICError, on connection: isolated QUICConnection)
}

extension QUICConnectionHandler {
    /// Does nothing.
    public func connected(_ connection: isolated QUICConnection) {}
    /// Does nothing.
    public func streamOpened(_ stream: StreamID, early: Bool, on connection: isolated QUICConnection) {}
    /// Does nothing.
    public func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {}
    /// Does nothing.
    public func streamWritable(_ stream: StreamID, on connection: isolated QUICConnection) {}
    /// Does nothing.
    public func streamStopped(_ stream: StreamID, code: UInt64, on connection: isolated QUICConnection) {}
    /// Does nothing.
    public func streamClosed(_ stream: StreamID, on connection: isolated QUICConnection) {}
    /// Does nothing.
    public func streamsAvailable(_ direction: StreamDirection, on connection: isolated QUICConnection) {}
    /// Does nothing.
    public func datagramReadable(on connection: isolated QUICConnection) {}
    /// Does nothing.
    public func closed(_ error: QUICError, on connection: isolated QUICConnection) {}
}

public import QUICEngine

/// A stream: bytes in order, in one direction or in both. A handle that may be used by several tasks.
///
///     try await stream.write("hello")
///     try stream.finish()
///     let answer = try await stream.readToEnd(limit: 65_536)
///
/// A stream whose last handle goes is given up where it was not finished, and the peer is told. The scoped forms,
/// ``QUICConnection/withStream(_:priority:errorCode:_:)`` for one, finish it for you.
public final class QUICStream: Sendable {
    let core: StreamCore

    init(_ core: StreamCore) { self.core = core }

    deinit { self.core.abandon() }

    /// The stream's number.
    public var id: StreamID { self.core.id }
    /// The connection it belongs to.
    public var connection: QUICConnection { self.core.connection }
    /// Whether both sides write.
    public var isBidirectional: Bool { self.core.id.isBidirectional }
    /// Whether its first bytes were sent as 0-RTT data: an attacker may have copied and sent them again.
    public var isEarly: Bool { self.core.isEarly }

    /// The half that reads, to give away.
    public var reader: QUICStreamReader { QUICStreamReader(stream: self) }
    /// The half that writes, to give away.
    public var writer: QUICStreamWriter { QUICStreamWriter(stream: self) }

    /// Gives both directions up with one code of the application's.
    public func abort(code: UInt64) {
        self.core.reset(code)
        self.core.stop(code)
    }

    /// Changes who is served first when there is more to send than the path carries.
    public func setPriority(_ priority: StreamPriority) { self.core.change { $0.setPriority(priority) } }
}

/// The half of a stream that reads.
public struct QUICStreamReader: Sendable {
    let stream: QUICStream
}

/// The half of a stream that writes.
public struct QUICStreamWriter: Sendable {
    let stream: QUICStream
}

internal import QUICEngine

/// Streams that the peer opened and nobody has accepted. The limits that we grant the peer bound it.
struct StreamBacklog: Sendable {
    private var streams = RingBuffer<StreamCore>()
    /// What is left of them when the connection is over: it no longer refers to the connection, which would keep itself.
    private var remains = RingBuffer<StreamCore.Remains>()
    private var end: QUICError?

    mutating func append(_ stream: StreamCore) -> Bool {
        guard self.end == nil else { return false }
        self.streams.append(stream)
        return true
    }

    /// nil: none is here, wait.
    mutating func take(
        _ direction: StreamDirection?, of connection: QUICConnection
    ) -> Result<StreamCore, QUICError>? {
        guard let end = self.end else { return Self.take(direction, of: &self.streams, \.id).map { .success($0) } }
        guard let remains = Self.take(direction, of: &self.remains, \.id) else { return .failure(end) }
        return .success(StreamCore(remains, of: connection))
    }

    private static func take<Element>(
        _ direction: StreamDirection?, of queue: inout RingBuffer<Element>, _ id: (Element) -> StreamID
    ) -> Element? {
        switch direction {
        case nil: queue.popFirst()
        case .bidirectional: queue.removeFirst { id($0).isBidirectional }
        case .unidirectional: queue.removeFirst { !id($0).isBidirectional }
        }
    }

    var count: Int { self.streams.count + self.remains.count }

    /// The connection is over. What was opened before can be accepted still: there may be something to read.
    mutating func fail(_ error: QUICError) -> Bool {
        guard self.end == nil else { return false }
        self.end = error
        while let stream = self.streams.popFirst() { self.remains.append(stream.remains) }
        return true
    }
}

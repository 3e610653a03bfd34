public import QUICEngine

/// What a ``QUICConnectionHandler`` acts with. All of it takes effect in the loop's present turn.
extension QUICConnection {
    /// Opens a stream. nil: the peer allows no more now, ``QUICConnectionHandler/streamsAvailable(_:on:)`` tells when.
    public func open(_ direction: StreamDirection = .bidirectional, priority: StreamPriority = .normal) -> StreamID? {
        try? self.acting { engine, _ throws(EngineError) in try engine.openStream(direction, priority: priority) }
    }

    /// Copies bytes that arrived into `buffer`.
    public func read(
        _ stream: StreamID, into buffer: inout MutableRawSpan
    ) throws(QUICError) -> ConnectionEngine.ReadResult {
        self.touch()
        do throws(EngineError) {
            return try self.engine.read(stream, into: &buffer)
        } catch {
            throw self.cause(error)
        }
    }

    /// Takes the next piece that arrived, without copying; nil: nothing is here now, see ``isAtEnd(_:)``.
    public func readChunk(_ stream: StreamID) -> Chunk? {
        self.touch()
        return (try? self.engine.readChunk(stream)) ?? nil
    }

    /// Lends the next piece that arrived to `body`, without copying, and forgets as many bytes as that returns; returns how
    /// many those were. nil: nothing is here now, see ``isAtEnd(_:)``.
    ///
    /// The cheapest way to read: the piece is used again, so that nothing is allocated. What `body` leaves is lent again, and
    /// ``QUICConnectionHandler/streamReadable(_:on:)`` is called when more has come.
    ///
    ///     final class Counter: QUICConnectionHandler {
    ///         var total = 0
    ///
    ///         func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
    ///             while let count = connection.withNextBytes(of: stream, { $0.byteCount }) { self.total += count }
    ///             if connection.isAtEnd(stream) { connection.finish(stream) }
    ///         }
    ///     }
    public func withNextBytes(of stream: StreamID, _ body: (RawSpan) -> Int) -> Int? {
        self.touch()
        return (try? self.engine.withNextBytes(of: stream, body)) ?? nil
    }

    /// Whether the peer has finished and all of it was read. Once it says so, the stream's incoming direction is over.
    public func isAtEnd(_ stream: StreamID) -> Bool {
        self.touch()
        var nothing = MutableRawSpan()
        guard let result = try? self.engine.read(stream, into: &nothing) else { return true }
        return result == .end
    }

    /// Copies as many bytes as there is room for, and returns how many. Fewer:
    /// ``QUICConnectionHandler/streamWritable(_:on:)`` tells when there is room again.
    @discardableResult
    public func write(_ bytes: RawSpan, to stream: StreamID) throws(QUICError) -> Int {
        self.touch()
        do throws(EngineError) {
            return try self.engine.write(bytes, to: stream)
        } catch {
            throw self.cause(error)
        }
    }

    /// Queues a piece without copying it; false, and nothing changes, where there is no room.
    @discardableResult
    public func write(_ chunk: Chunk, to stream: StreamID) -> Bool {
        self.touch()
        return (try? self.engine.write(chunk, to: stream)) ?? false
    }

    /// Ends our direction after what was written.
    public func finish(_ stream: StreamID) {
        try? self.acting { engine, _ throws(EngineError) in try engine.finish(stream) }
    }

    /// Gives our direction up.
    public func reset(_ stream: StreamID, code: UInt64) {
        try? self.acting { engine, _ throws(EngineError) in try engine.reset(stream, code: code) }
    }

    /// Tells the peer that the rest of its direction is not wanted.
    public func stopSending(_ stream: StreamID, code: UInt64) {
        try? self.acting { engine, _ throws(EngineError) in try engine.stopSending(stream, code: code) }
    }

    /// Changes who is served first.
    public func setPriority(_ priority: StreamPriority, of stream: StreamID) {
        try? self.acting { engine, _ throws(EngineError) in try engine.setPriority(priority, of: stream) }
    }

    /// Queues a datagram; false where it is too long, too many wait, or the peer takes none.
    @discardableResult
    public func sendDatagramNow(_ bytes: [UInt8]) -> Bool {
        self.touch()
        return (try? self.engine.sendDatagram(bytes)) != nil
    }

    /// Takes the next datagram that arrived.
    public func readDatagram() -> [UInt8]? { self.engine.readDatagram() }

    /// Makes a piece to be written without another copy.
    public func makeChunk(copying bytes: RawSpan) -> [Chunk] { self.router.resources.pool.makeChunk(copying: bytes) }

    private func cause(_ error: EngineError) -> QUICError { self.progress.withLock { $0.error } ?? QUICError(error) }
}

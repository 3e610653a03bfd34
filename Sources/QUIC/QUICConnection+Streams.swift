public import QUICEngine

extension QUICConnection {
    /// Opens a stream, and waits while the peer allows no more. Nothing is sent until something is written to it.
    public nonisolated(nonsending) func openStream(
        _ direction: StreamDirection = .bidirectional, priority: StreamPriority = .normal
    ) async throws(QUICError) -> QUICStream {
        let (stream, needsSignal) = try await self.numbers.wait { state in
            self.open(direction, priority, &state)
        }.get()
        if needsSignal { self.router.signal(.connection(self)) }
        return stream
    }

    /// Opens a stream if the peer allows one now.
    public nonisolated func tryOpenStream(
        _ direction: StreamDirection = .bidirectional, priority: StreamPriority = .normal
    ) throws(QUICError) -> QUICStream? {
        guard let result = self.numbers.withLock({ self.open(direction, priority, &$0) }) else { return nil }
        let (stream, needsSignal) = try result.get()
        if needsSignal { self.router.signal(.connection(self)) }
        return stream
    }

    /// Accepts the next stream that the peer opens, of one direction if you say so. Streams that nobody accepts count
    /// against the limit that the peer has.
    public nonisolated(nonsending) func acceptStream(_ direction: StreamDirection? = nil) async throws(QUICError)
        -> QUICStream
    {
        QUICStream(try await self.backlog.wait { $0.take(direction, of: self) }.get())
    }

    /// The streams that the peer opens. Ends, without an error, when the connection is closed by either end without one;
    /// every other end is thrown.
    public nonisolated var incomingStreams: IncomingStreams { IncomingStreams(connection: self) }

    /// The sequence behind ``QUICConnection/incomingStreams``; several iterators share the streams between them.
    public struct IncomingStreams: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let connection: QUICConnection

        /// The next stream.
        public nonisolated(nonsending) func next() async throws(QUICError) -> QUICStream? {
            do throws(QUICError) {
                return try await self.connection.acceptStream()
            } catch {
                if error.isOrderlyClose { return nil }
                throw error
            }
        }

        /// The next stream.
        public func next(isolation actor: isolated (any Actor)?) async throws(QUICError) -> QUICStream? {
            try await self.next()
        }

        /// Itself.
        public func makeAsyncIterator() -> IncomingStreams { self }
    }

    /// Opens a stream for the time of `body`.
    ///
    /// When `body` returns, the stream is finished, so that all that was written arrives; what the peer sent and `body`
    /// did not read is refused. When `body` throws, or its task is cancelled, both directions are reset with `errorCode`.
    public nonisolated(nonsending) func withStream<R>(
        _ direction: StreamDirection = .bidirectional, priority: StreamPriority = .normal, errorCode: UInt64 = 0,
        _ body: (QUICStream) async throws -> R
    ) async throws -> R {
        let stream = try await self.openStream(direction, priority: priority)
        return try await Self.scope(stream, errorCode: errorCode, body)
    }

    /// Runs `handler` for every stream that the peer opens, each in a task of its own, until the connection ends.
    ///
    /// The limits on the peer's streams bound how many run at a time. When a handler returns, its stream is finished; when
    /// it throws, the stream is reset with `errorCode`, and the others go on.
    public nonisolated func serveStreams(
        errorCode: UInt64 = 0, _ handler: @escaping @Sendable (QUICStream) async throws -> Void
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while let stream = try await self.incomingStreams.next() {
                group.addTask { try? await Self.scope(stream, errorCode: errorCode, handler) }
            }
        }
    }

    private static nonisolated(nonsending) func scope<R>(
        _ stream: QUICStream, errorCode: UInt64, _ body: (QUICStream) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(stream)
            try Task.checkCancellation()
            stream.core.leave()
            return result
        } catch {
            stream.abort(code: errorCode)
            throw error
        }
    }

    private nonisolated func open(
        _ direction: StreamDirection, _ priority: StreamPriority, _ state: inout StreamNumbers
    ) -> Result<(QUICStream, Bool), QUICError>? {
        if let obstacle = state.obstacle { return .failure(obstacle) }
        guard let id = state.take(direction) else { return nil }
        let core = StreamCore(id, of: self, isLocal: true, isEarly: state.isEarly, priority: priority)
        return .success((QUICStream(core), state.enqueue(core)))
    }
}

extension QUICError {
    /// Either end closed the connection and complained about nothing.
    public var isOrderlyClose: Bool {
        guard self.code == .closed else { return false }
        switch self.underlying?.code {
        case .application(0)?, .transport(0)?, nil: return true
        default: return false
        }
    }
}

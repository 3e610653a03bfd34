public import QUICEngine

extension QUICStream {
    /// Reads what is there, at most `maximum` bytes, and waits while nothing is. nil: the peer has finished.
    public nonisolated(nonsending) func read(maximum: Int = 65_536) async throws(QUICError) -> [UInt8]? {
        try await self.core.read { state in
            let count = Swift.min(Swift.max(maximum, 1), state.available)
            var bytes = [UInt8](repeating: 0, count: count)
            _ = bytes.withMutableRawSpan { state.copy(into: &$0) }
            return bytes
        }
    }

    /// Reads into the front of `buffer` and returns how many bytes; 0: the peer has finished, or `buffer` is empty.
    public nonisolated(nonsending) func read(into buffer: inout [UInt8]) async throws(QUICError) -> Int {
        guard !buffer.isEmpty else { return 0 }
        // The array goes into the lock and comes back, so that nothing is copied twice.
        var target: [UInt8] = []
        swap(&target, &buffer)
        defer { swap(&target, &buffer) }
        return try await self.core.read { state in
            target.withMutableRawSpan { state.copy(into: &$0) }
        } ?? 0
    }

    /// Takes the next piece as it arrived, without copying. nil: the peer has finished.
    public nonisolated(nonsending) func readChunk() async throws(QUICError) -> Chunk? {
        try await self.core.read { $0.takeChunk() } ?? nil
    }

    /// Reads exactly `count` bytes. Throws ``QUICError/Code/streamEnded`` where the peer finishes before; what was read
    /// until then is lost to you, as it is when the task is cancelled in between.
    public nonisolated(nonsending) func readExactly(_ count: Int) async throws(QUICError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let more = try await self.read(maximum: count - bytes.count) else {
                throw QUICError(.streamEnded, "the stream ended after \(bytes.count) of \(count) bytes")
            }
            bytes += more
        }
        return bytes
    }

    /// Reads until the peer finishes. Throws ``QUICError/Code/limitReached`` once there are more than `limit` bytes: a
    /// peer must not decide how much memory you use.
    public nonisolated(nonsending) func readToEnd(limit: Int) async throws(QUICError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = try await self.read(maximum: 1 << 20) {
            guard more.count <= limit - bytes.count else {
                throw QUICError(.limitReached, "the peer sends more than the \(limit) bytes that were allowed")
            }
            bytes += more
        }
        return bytes
    }

    /// Lends the next bytes that are here, without waiting and without copying; as many as `body` returns are taken.
    ///
    /// Returns how many were taken; nil: nothing is here now, or nothing will come any more. `body` runs under the
    /// stream's lock: it must be short, and must not touch the stream.
    public func withAvailableBytes(_ body: (RawSpan) -> Int) -> Int? {
        switch self.core.readNow({ $0.lend(body) }) {
        case .value(let count): count
        case .end, .failure, nil: nil
        }
    }

    /// The same, but waits while nothing is here. nil: the peer has finished.
    ///
    /// The cheapest way to read: nothing is copied, and nothing allocated. It takes at most one piece of up to 64 KiB.
    public nonisolated(nonsending) func withNextBytes(_ body: (RawSpan) -> Int) async throws(QUICError) -> Int? {
        try await self.core.read { $0.lend(body) }
    }

    /// How many bytes can be read without waiting.
    public var bytesAvailable: Int { self.core.incoming.withLock { $0.available } }

    /// Tells the peer that the rest is not wanted; unread bytes are dropped, and reading ends with an error.
    public func stopSending(code: UInt64) { self.core.stop(code) }
}

extension QUICStream: AsyncSequence {
    /// The pieces in the order of their bytes.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let stream: QUICStream

        /// The next piece; nil once the peer has finished.
        public nonisolated(nonsending) func next() async throws(QUICError) -> Chunk? {
            try await self.stream.readChunk()
        }

        /// The next piece; nil once the peer has finished.
        public func next(isolation actor: isolated (any Actor)?) async throws(QUICError) -> Chunk? {
            try await self.stream.readChunk()
        }
    }

    /// Iterates over what arrives; several iterators share the bytes between them.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }
}

extension QUICStreamReader {
    /// See ``QUICStream/read(maximum:)``.
    public nonisolated(nonsending) func read(maximum: Int = 65_536) async throws(QUICError) -> [UInt8]? {
        try await self.stream.read(maximum: maximum)
    }

    /// See ``QUICStream/read(into:)``.
    public nonisolated(nonsending) func read(into buffer: inout [UInt8]) async throws(QUICError) -> Int {
        try await self.stream.read(into: &buffer)
    }

    /// See ``QUICStream/readChunk()``.
    public nonisolated(nonsending) func readChunk() async throws(QUICError) -> Chunk? {
        try await self.stream.readChunk()
    }

    /// See ``QUICStream/withNextBytes(_:)``.
    public nonisolated(nonsending) func withNextBytes(_ body: (RawSpan) -> Int) async throws(QUICError) -> Int? {
        try await self.stream.withNextBytes(body)
    }

    /// See ``QUICStream/readExactly(_:)``.
    public nonisolated(nonsending) func readExactly(_ count: Int) async throws(QUICError) -> [UInt8] {
        try await self.stream.readExactly(count)
    }

    /// See ``QUICStream/readToEnd(limit:)``.
    public nonisolated(nonsending) func readToEnd(limit: Int) async throws(QUICError) -> [UInt8] {
        try await self.stream.readToEnd(limit: limit)
    }

    /// See ``QUICStream/stopSending(code:)``.
    public func stopSending(code: UInt64) { self.stream.stopSending(code: code) }
}

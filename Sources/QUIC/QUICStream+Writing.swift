public import QUICEngine

extension QUICStream {
    /// Writes bytes, in order, and returns once the connection has taken charge of all of them.
    ///
    /// It waits while too much of what was written before is still here. That the peer has received the bytes, it does
    /// not say: ``acknowledged()`` does. When the task is cancelled while it waits, the bytes that were taken are sent,
    /// and ``bytesWritten`` says how many they are in all.
    public nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(QUICError) {
        var offset = 0
        while offset < bytes.count {
            offset += try self.tryWrite(bytes, from: offset)
            if offset < bytes.count { try await self.waitForRoom() }
        }
        if bytes.isEmpty, let obstacle = self.core.outgoing.withLock({ $0.obstacle }) { throw obstacle }
    }

    /// Writes any bytes: a slice, a buffer, the UTF-8 of a string.
    public nonisolated(nonsending) func write(_ bytes: some Sequence<UInt8>) async throws(QUICError) {
        try await self.write(Array(bytes))
    }

    /// Writes a text in UTF-8.
    public nonisolated(nonsending) func write(_ text: String) async throws(QUICError) {
        try await self.write(Array(text.utf8))
    }

    /// Writes a piece that was read from a stream, without copying it.
    public nonisolated(nonsending) func write(_ chunk: Chunk) async throws(QUICError) {
        while true {
            let result = self.core.change { state -> Result<Bool, QUICError> in
                if let obstacle = state.obstacle { return .failure(obstacle) }
                guard state.room() > 0 else { return .success(false) }
                state.append(chunk, own: false)
                return .success(true)
            }
            if try result.get() { return }
            try await self.waitForRoom()
        }
    }

    /// Writes as many bytes as there is room for, without waiting, and returns how many.
    public func tryWrite(_ bytes: RawSpan) throws(QUICError) -> Int {
        var offset = 0
        while offset < bytes.byteCount {
            let count = try self.tryWriteOnce(bytes.extracting(droppingFirst: offset))
            guard count > 0 else { break }
            offset += count
        }
        return offset
    }

    /// Says that nothing more will be written. What was written is delivered.
    public func finish() throws(QUICError) {
        if let error = self.core.change({ $0.finish() }) { throw error }
    }

    /// Waits until the peer's QUIC has received all that was written, and the end if it was finished. That its
    /// application has read it, only its application can say.
    public nonisolated(nonsending) func acknowledged() async throws(QUICError) {
        let question = self.core.change { $0.askForAcknowledgement() }
        try await self.core.outgoing.wait { $0.answer(to: question) }.get()
    }

    /// Gives our direction up: what has not arrived yet may be lost, and the peer is told `code`.
    public func reset(code: UInt64) { self.core.reset(code) }

    /// How many bytes were taken charge of so far.
    public var bytesWritten: UInt64 { self.core.outgoing.withLock { $0.written } }

    private func tryWrite(_ bytes: [UInt8], from offset: Int) throws(QUICError) -> Int {
        try bytes.withRawSpan(from: offset) { span throws(QUICError) in try self.tryWrite(span) }
    }

    private func tryWriteOnce(_ bytes: RawSpan) throws(QUICError) -> Int {
        let pool = self.core.connection.router.resources.pool
        let result = self.core.change { state -> Result<Int, QUICError> in
            if let obstacle = state.obstacle { return .failure(obstacle) }
            let room = Swift.min(state.room(), bytes.byteCount)
            guard room > 0 else { return .success(0) }
            let offered = bytes.extracting(first: room)
            let joined = state.appendToLast(offered)
            if joined > 0 { return .success(joined) }
            // As large as what is there, so that many small writes share chunks.
            let chunk = pool.makeEmptyChunk(fitting: Swift.max(room, Swift.min(state.pending, 16_384)))
            let copied = chunk.append(copying: offered)
            state.append(chunk, own: true)
            return .success(copied)
        }
        return try result.get()
    }

    private nonisolated(nonsending) func waitForRoom() async throws(QUICError) {
        try await self.core.outgoing.wait { state -> Result<Void, QUICError>? in
            if let obstacle = state.obstacle { return .failure(obstacle) }
            return state.room() > 0 ? .success(()) : nil
        }.get()
    }
}

extension QUICStreamWriter {
    /// See ``QUICStream/write(_:)-([UInt8])``.
    public nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(QUICError) {
        try await self.stream.write(bytes)
    }

    /// Writes any bytes: a slice, a buffer, the UTF-8 of a string.
    public nonisolated(nonsending) func write(_ bytes: some Sequence<UInt8>) async throws(QUICError) {
        try await self.stream.write(Array(bytes))
    }

    /// Writes a text in UTF-8.
    public nonisolated(nonsending) func write(_ text: String) async throws(QUICError) {
        try await self.stream.write(text)
    }

    /// Writes a piece that was read from a stream, without copying it.
    public nonisolated(nonsending) func write(_ chunk: Chunk) async throws(QUICError) {
        try await self.stream.write(chunk)
    }

    /// See ``QUICStream/finish()``.
    public func finish() throws(QUICError) { try self.stream.finish() }

    /// See ``QUICStream/acknowledged()``.
    public nonisolated(nonsending) func acknowledged() async throws(QUICError) { try await self.stream.acknowledged() }

    /// See ``QUICStream/reset(code:)``.
    public func reset(code: UInt64) { self.stream.reset(code: code) }
}

internal import Synchronization

extension LibP2PStream {
    /// Reads what is there, at most `maximum` bytes, and waits while nothing is. nil: the peer has finished.
    public func read(maximum: Int = 65_536) async throws(LibP2PError) -> [UInt8]? {
        try await self.reading.withLock { () async throws(LibP2PError) -> [UInt8]? in
            try await self.finishNegotiation()
            if let bytes = self.take(upTo: Swift.max(maximum, 1)) { return bytes }
            return try await self.readBase(maximum: Swift.max(maximum, 1))
        }
    }

    /// Reads exactly `count` bytes. Throws ``LibP2PError/Code/truncated`` where the peer finishes before.
    public func readExactly(_ count: Int) async throws(LibP2PError) -> [UInt8] {
        try await self.readWhole { () async throws(LibP2PError) in
            try await self.fill(count) ? Swift.max(count, 0) : nil
        } ?? []
    }

    /// Reads exactly `count` bytes; nil where the peer has finished before the first of them.
    func readBlock(_ count: Int) async throws(LibP2PError) -> [UInt8]? {
        try await self.reading.withLock { () async throws(LibP2PError) -> [UInt8]? in
            if try await self.fill(count) { return self.take(upTo: Swift.max(count, 0)) ?? [] }
            guard self.bufferedCount == 0 else { throw self.truncated(of: count) }
            return nil
        }
    }

    /// Reads until the peer finishes. Throws ``LibP2PError/Code/tooLong`` once there are more than `limit` bytes: a peer
    /// must not decide how much memory you use.
    public func readToEnd(limit: Int) async throws(LibP2PError) -> [UInt8] {
        try await self.readWhole { () async throws(LibP2PError) -> Int? in
            guard try await self.fill(Swift.max(limit, 0).addingClamped(1)) else { return self.bufferedCount }
            throw LibP2PError(.tooLong, "the peer sends more than the \(limit) bytes that were allowed")
        } ?? []
    }

    /// Reads one message with its length in front, as a varint; nil where the peer has finished before one begins.
    ///
    /// Throws ``LibP2PError/Code/tooLong`` where the message has more than `limit` bytes, before any of them are kept.
    public func readMessage(limit: Int) async throws(LibP2PError) -> [UInt8]? {
        try await self.readDelimited(limit) { bytes throws(LibP2PError) -> UInt64? in
            do throws(LibP2PError) {
                return try Varint.read(from: &bytes)
            } catch {
                guard error.code == .truncated else { throw error }
                return nil
            }
        }
    }

    /// Reads one message with its length in front, in four bytes of which the first is the highest; nil where the peer
    /// has finished before one begins.
    ///
    /// Throws ``LibP2PError/Code/tooLong`` where the message has more than `limit` bytes, before any of them are kept.
    public func readFrame(limit: Int) async throws(LibP2PError) -> [UInt8]? {
        try await self.readDelimited(limit) { bytes throws(LibP2PError) -> UInt64? in
            guard bytes.count >= 4 else { return nil }
            defer { bytes = bytes.dropFirst(4) }
            return bytes.prefix(4).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// `length` takes the length off the front of the bytes; nil where more of them are needed.
    private func readDelimited(
        _ limit: Int, _ length: (inout ArraySlice<UInt8>) throws(LibP2PError) -> UInt64?
    ) async throws(LibP2PError) -> [UInt8]? {
        try await self.reading.withLock { () async throws(LibP2PError) -> [UInt8]? in
            var needed = 1
            while try await self.fill(needed) {
                var rest = self.state.withLock { $0.buffer }
                let available = rest.count
                guard let count = try length(&rest) else {
                    needed = available + 1
                    continue
                }
                guard count <= UInt64(Swift.max(limit, 0)) else {
                    throw LibP2PError(
                        .tooLong, "the peer announces a message of \(count) bytes where \(limit) are allowed")
                }
                let prefix = available - rest.count
                let total = prefix.addingClamped(Int(clamping: count))
                let memory = try self.reserveMemory(total)
                defer { withExtendedLifetime(memory) {} }
                guard try await self.fill(total) else { throw self.truncated(of: total) }
                return self.take(upTo: total, skipping: prefix) ?? []
            }
            guard self.bufferedCount == 0 else { throw self.truncated(of: needed) }
            return nil
        }
    }

    /// Takes as many bytes as `count` says once they are here; nil from it: the peer finished too early.
    private func readWhole(_ count: () async throws(LibP2PError) -> Int?) async throws(LibP2PError) -> [UInt8]? {
        try await self.reading.withLock { () async throws(LibP2PError) -> [UInt8]? in
            guard let count = try await count() else { throw self.truncated(of: nil) }
            return self.take(upTo: count)
        }
    }

    private func truncated(of count: Int?) -> LibP2PError {
        let expected = count.map { " of \($0)" } ?? ""
        return LibP2PError(.truncated, "the peer finished after \(self.bufferedCount)\(expected) bytes")
    }

    /// How many bytes are read and not taken.
    private var bufferedCount: Int { self.state.withLock { $0.buffer.count } }

    /// Sees to it that `count` bytes are in the buffer; false where the peer finishes before.
    private func fill(_ count: Int) async throws(LibP2PError) -> Bool {
        try await self.finishNegotiation()
        while self.bufferedCount < count {
            guard let bytes = try await self.readBase(maximum: 65_536) else { return false }
            self.state.withLock { $0.buffer += bytes }
        }
        return true
    }

    /// Takes at most `count` bytes of the buffer, without the first `skipped` of them; nil where it is empty.
    private func take(upTo count: Int, skipping skipped: Int = 0) -> [UInt8]? {
        self.state.withLock { state in
            guard !state.buffer.isEmpty else { return nil }
            let bytes = Array(state.buffer.prefix(count).dropFirst(skipped))
            state.buffer = state.buffer.dropFirst(count)
            if state.buffer.isEmpty { state.buffer = [] }
            return bytes
        }
    }

    private func readBase(maximum: Int) async throws(LibP2PError) -> [UInt8]? {
        if let end = self.state.withLock({ $0.readEnd }) {
            try end.get()
            return nil
        }
        do throws(LibP2PError) {
            let bytes = try await self.base.read(maximum: maximum)
            if bytes == nil { self.endReading(.success(())) }
            return bytes
        } catch {
            if error.code != .cancelled { self.endReading(.failure(error)) }
            throw error
        }
    }

    private func endReading(_ end: Result<Void, LibP2PError>) {
        self.state.withLock { $0.readEnd = $0.readEnd ?? end }
    }
}

extension LibP2PStream: AsyncSequence {
    /// The bytes in pieces as they come.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let stream: LibP2PStream

        /// The next piece; nil once the peer has finished.
        public func next() async throws(LibP2PError) -> [UInt8]? { try await self.stream.read() }

        /// The next piece; nil once the peer has finished.
        public func next(isolation actor: isolated (any Actor)?) async throws(LibP2PError) -> [UInt8]? {
            try await self.stream.read()
        }
    }

    /// Iterates over what arrives; several iterators share the bytes between them.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }
}

extension Int {
    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

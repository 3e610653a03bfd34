/// A stream inside a yamux connection.
final class YamuxStream: DuplexStream {
    private let id: UInt32
    private let core: YamuxCore

    init(_ id: UInt32, _ core: YamuxCore) {
        self.id = id
        self.core = core
    }

    /// Whoever drops a stream that has not ended resets it; where our direction has ended, only what comes is dropped.
    deinit {
        self.core.signal.update { [id] state in
            guard let stream = state.session.streams[id] else { return }
            if stream.isFinished { state.session.discard(id) } else { state.session.reset(id, .none) }
        }
    }

    func read(maximum: Int) async throws(LibP2PError) -> [UInt8]? {
        let result = try await self.core.signal.wait { [id] state in
            Self.settle(state, state.session.read(from: id, maximum: max(maximum, 1)))
        }.get()
        // Where a new window went out, the task that sends must hear of it.
        self.core.wake()
        return result
    }

    func write(_ bytes: [UInt8]) async throws(LibP2PError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest
            let count = try await self.core.signal.wait { [id] state in
                Self.settle(state, state.session.write(piece, to: id))
            }.get()
            guard let count else { throw LibP2PError(.streamEnded, "this direction of the stream was ended before") }
            rest = rest.dropFirst(count)
            self.core.wake()
        }
    }

    func finish() throws(LibP2PError) {
        let code = self.core.signal.update { [id] state in
            let code = state.session.streams[id]?.resetCode
            state.session.finish(id)
            return code
        }
        if let code { throw Self.resetError(code) }
    }

    func stopReading(code: StreamCode) { self.core.signal.update { [id] in $0.session.discard(id) } }

    func reset(code: StreamCode) { self.core.signal.update { [id] in $0.session.reset(id, code) } }

    /// nil: wait. What has arrived before the end of the connection can be read after it.
    private static func settle<Value>(
        _ state: YamuxConnection.State, _ transfer: YamuxSession.Transfer<Value>
    ) -> Result<Value?, LibP2PError>? {
        switch transfer {
        case .done(let value): .success(value)
        case .end: .success(nil)
        case .reset(let code): .failure(self.resetError(code))
        case .wait: state.ending.map { .failure($0) }
        }
    }

    private static func resetError(_ code: StreamCode) -> LibP2PError {
        LibP2PError(.streamReset, "the peer reset the stream: \(code)", applicationCode: code.rawValue)
    }
}

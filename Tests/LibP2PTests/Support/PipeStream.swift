internal import Synchronization

@testable internal import LibP2P

/// One end of a stream in memory. What is read comes in pieces of random sizes.
final class PipeStream: DuplexStream {
    let incoming: BytePipe
    let outgoing: BytePipe

    init(incoming: BytePipe, outgoing: BytePipe) {
        self.incoming = incoming
        self.outgoing = outgoing
    }

    /// Both ends of a stream.
    static func pair(seed: UInt64, largestPiece: Int = 40) -> (PipeStream, PipeStream) {
        let (one, other) = (BytePipe(seed: seed, largestPiece), BytePipe(seed: ~seed, largestPiece))
        return (PipeStream(incoming: one, outgoing: other), PipeStream(incoming: other, outgoing: one))
    }

    func read(maximum: Int) async throws(LibP2PError) -> [UInt8]? { try await self.incoming.read(maximum) }

    func write(_ bytes: [UInt8]) async throws(LibP2PError) { try self.outgoing.write(bytes) }

    func finish() throws(LibP2PError) { try self.outgoing.finish() }

    func stopReading(code: StreamCode) { self.incoming.stop(code) }

    func reset(code: StreamCode) {
        self.outgoing.reset(code)
        self.incoming.stop(code)
    }
}

/// Bytes on their way in one direction.
final class BytePipe: Sendable {
    struct State {
        var bytes: [UInt8] = []
        /// All that was ever written.
        var history: [UInt8] = []
        var isFinished = false
        var resetCode: StreamCode?
        var stopCode: StreamCode?
        var random: SplitMix64
    }

    private let state: Mutex<State>
    private let bell = Bell()
    private let largestPiece: Int

    init(seed: UInt64, _ largestPiece: Int) {
        self.state = Mutex(State(random: SplitMix64(seed: seed)))
        self.largestPiece = largestPiece
    }

    /// All that was ever written.
    var history: [UInt8] { self.state.withLock { $0.history } }
    /// How many bytes are on their way.
    var pendingCount: Int { self.state.withLock { $0.bytes.count } }
    var isFinished: Bool { self.state.withLock { $0.isFinished } }
    var resetCode: StreamCode? { self.state.withLock { $0.resetCode } }
    var stopCode: StreamCode? { self.state.withLock { $0.stopCode } }

    /// Waits until something is true of the pipe.
    func when(_ isTrue: @escaping @Sendable (borrowing State) -> Bool) async throws(LibP2PError) {
        try await self.bell.wait { self.state.withLock { isTrue($0) } ? .success(()) : nil }
    }

    func write(_ bytes: [UInt8]) throws(LibP2PError) {
        let error = self.state.withLock { state -> LibP2PError? in
            if let code = state.stopCode {
                return LibP2PError(.streamStopped, "stopped", applicationCode: code.rawValue)
            }
            if state.isFinished || state.resetCode != nil { return LibP2PError(.streamEnded, "ended") }
            state.bytes += bytes
            state.history += bytes
            return nil
        }
        if let error { throw error }
        self.bell.ring()
    }

    func finish() throws(LibP2PError) {
        self.state.withLock { $0.isFinished = true }
        self.bell.ring()
    }

    func reset(_ code: StreamCode) {
        self.state.withLock { state in
            guard !state.isFinished || !state.bytes.isEmpty else { return }
            state.resetCode = state.resetCode ?? code
            state.bytes = []
        }
        self.bell.ring()
    }

    func stop(_ code: StreamCode) {
        self.state.withLock { $0.stopCode = $0.stopCode ?? code }
        self.bell.ring()
    }

    func read(_ maximum: Int) async throws(LibP2PError) -> [UInt8]? {
        // Whoever waits for the pipe to be empty must hear of it.
        defer { self.bell.ring() }
        return try await self.bell.wait {
            self.state.withLock { state -> Result<[UInt8]?, LibP2PError>? in
                if state.stopCode != nil { return .failure(LibP2PError(.streamEnded, "reading was stopped")) }
                if let code = state.resetCode {
                    return .failure(LibP2PError(.streamReset, "reset", applicationCode: code.rawValue))
                }
                guard !state.bytes.isEmpty else { return state.isFinished ? .success(nil) : nil }
                let most = min(maximum, state.bytes.count, self.largestPiece)
                let piece = Array(state.bytes.prefix(Int.random(in: 1...most, using: &state.random)))
                state.bytes.removeFirst(piece.count)
                return .success(piece)
            }
        }
    }
}

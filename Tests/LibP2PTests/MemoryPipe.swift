internal import Synchronization

@testable internal import LibP2P

/// One end of a stream in memory. What is written comes out in pieces whose size a seed decides; at most `capacity`
/// bytes wait.
final class MemoryPipe: DuplexStream {
    struct Direction: Sendable {
        var bytes: [UInt8] = []
        var isFinished = false
        var isUnwanted = false
        var resetCode: StreamCode?
        var random: SplitMix64
        var total = 0
    }

    private let incoming: Signal<Direction>
    private let outgoing: Signal<Direction>
    private let capacity: Int

    private init(_ incoming: Signal<Direction>, _ outgoing: Signal<Direction>, _ capacity: Int) {
        self.incoming = incoming
        self.outgoing = outgoing
        self.capacity = capacity
    }

    static func pair(seed: UInt64 = 1, capacity: Int = 100_000) -> (MemoryPipe, MemoryPipe) {
        let there = Signal(Direction(random: SplitMix64(seed: seed)))
        let back = Signal(Direction(random: SplitMix64(seed: seed &+ 1)))
        return (MemoryPipe(back, there, capacity), MemoryPipe(there, back, capacity))
    }

    /// How much this end has written.
    var written: Int { self.outgoing.withLock { $0.total } }
    /// Whether the peer can still write to this end.
    var isIncomingFinished: Bool { self.incoming.withLock { $0.isFinished || $0.resetCode != nil } }

    func read(maximum: Int) async throws(LibP2PError) -> [UInt8]? {
        let result = try await self.incoming.wait { state -> Result<[UInt8]?, LibP2PError>? in
            if let code = state.resetCode {
                return .failure(LibP2PError(.streamReset, "reset", applicationCode: code.rawValue))
            }
            guard !state.bytes.isEmpty else { return state.isFinished ? .success(nil) : nil }
            let count = min(maximum, state.bytes.count, Int.random(in: 1...20_000, using: &state.random))
            defer { state.bytes.removeFirst(count) }
            return .success(Array(state.bytes.prefix(count)))
        }
        self.incoming.update { _ in }
        return try result.get()
    }

    func write(_ bytes: [UInt8]) async throws(LibP2PError) {
        let capacity = self.capacity
        try await self.outgoing.wait { state -> Result<Void, LibP2PError>? in
            if state.resetCode != nil { return .failure(LibP2PError(.streamReset, "reset")) }
            if state.isFinished { return .failure(LibP2PError(.streamEnded, "finished")) }
            if state.isUnwanted { return .failure(LibP2PError(.streamStopped, "unwanted")) }
            return state.bytes.count < capacity ? .success(()) : nil
        }.get()
        self.outgoing.update {
            $0.bytes += bytes
            $0.total += bytes.count
        }
    }

    func finish() throws(LibP2PError) { self.outgoing.update { $0.isFinished = true } }

    func stopReading(code: StreamCode) { self.incoming.update { $0.isUnwanted = true } }

    func reset(code: StreamCode) {
        self.incoming.update { $0.resetCode = code }
        self.outgoing.update { $0.resetCode = code }
    }
}

extension DuplexStream {
    /// Everything up to the end.
    func readAll() async throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await self.read(maximum: 65_536) { all += bytes }
        return all
    }
}

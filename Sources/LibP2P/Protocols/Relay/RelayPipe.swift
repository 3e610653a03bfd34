/// Copies between two streams, both ways, until both have ended or a limit is reached.
struct RelayPipe: Sendable {
    /// How it ended.
    enum Ending: Hashable, Sendable {
        /// Both directions were ended by the peers.
        case finished
        /// One of the streams broke, or the task was cancelled.
        case broken
        /// A byte more than allowed was to cross.
        case dataLimit
        /// It was open for as long as allowed.
        case timeLimit
    }

    /// How many bytes may cross in each direction; nil: any number.
    let limit: Int?
    /// How long it may take; nil: forever.
    let duration: Duration?
    let time: TimeSource

    /// How much is read at once.
    private static let pieceSize = 16_384

    /// Returns how it ended, with both streams finished, or reset where it was not in good order.
    @discardableResult
    func run(between one: any DuplexStream, and other: any DuplexStream) async -> Ending {
        let ending = await withTaskGroup(of: Ending.self) { group in
            group.addTask { await self.copy(from: one, to: other) }
            group.addTask { await self.copy(from: other, to: one) }
            if let duration {
                group.addTask {
                    do { try await self.time.sleep(duration) } catch { return .broken }
                    return .timeLimit
                }
            }
            var finished = 0
            while let ending = await group.next() {
                if ending == .finished { finished += 1 }
                if ending != .finished || finished == 2 {
                    group.cancelAll()
                    return ending
                }
            }
            return .broken
        }
        guard ending != .finished else { return ending }
        let code: StreamCode = ending == .broken ? .none : .resourceLimitExceeded
        one.reset(code: code)
        other.reset(code: code)
        return ending
    }

    private func copy(from source: any DuplexStream, to target: any DuplexStream) async -> Ending {
        var left = self.limit ?? .max
        do throws(LibP2PError) {
            while let bytes = try await source.read(maximum: max(1, min(left, Self.pieceSize))) {
                guard bytes.count <= left else { return .dataLimit }
                if self.limit != nil { left -= bytes.count }
                try await target.write(bytes)
            }
            try target.finish()
            return .finished
        } catch {
            // Who wants no more of one direction may still say something in the other.
            guard error.code == .streamStopped else { return .broken }
            source.stopReading(code: .none)
            return .finished
        }
    }
}

/// Reading for whoever keeps what arrived in a queue of its own: bytes move at once, credit follows when they are consumed.
extension ConnectionEngine {
    /// What lies behind the bytes that were taken.
    public enum ArrivalEnd: Hashable, Sendable {
        /// More may come.
        case open
        /// These were the last: call ``finishReading(_:)`` once they are consumed.
        case finished
        /// The peer gave its direction up: call ``finishReading(_:)`` once the reader knows.
        case reset(code: UInt64)
    }

    /// Moves all that arrived on a stream behind `chunks`, without copying and without returning credit for it.
    ///
    /// ``ConnectionEvent/streamReadable(_:)`` comes again for what arrives later.
    public func takeArrived(_ id: StreamID, into chunks: inout [Chunk]) throws(EngineError) -> ArrivalEnd {
        let entry = try self.readableEntry(id)
        while let chunk = entry.receiveQueue.popChunk() { chunks.append(chunk) }
        entry.isReadableSignalled = false
        switch entry.receiving {
        case .dataReceived, .dataRead: return .finished
        case .resetReceived(let code), .resetRead(let code): return .reset(code: code)
        case .receive, .absent: return .open
        }
    }

    /// Lets the peer send `count` more bytes: the reader has consumed as many of those that were taken.
    ///
    /// A stream that is over already takes none: its credit went back when it ended.
    public func returnCredit(_ count: Int, on id: StreamID) {
        self.context.requireOutside()
        guard self.connection != nil, let entry = self.streams[id] else { return }
        self.streams.returnCredit(count, to: entry)
    }

    /// The reader knows that the stream's incoming direction is over: with both over, the peer may open another stream.
    public func finishReading(_ id: StreamID) {
        self.context.requireOutside()
        guard let entry = self.streams[id], entry.receiving.finishReading() else { return }
        self.context.touched.append(entry)
        self.settleStreams()
    }
}

extension ConnectionEngine {
    /// Opens a stream. Before the handshake is complete this works only with a ticket that allows 0-RTT.
    ///
    /// Throws ``EngineError/Code/streamLimitReached`` while the peer allows no more:
    /// ``ConnectionEvent/streamsAvailable(_:)`` tells when it does.
    public func openStream(
        _ direction: StreamDirection, priority: StreamPriority = .normal
    ) throws(EngineError) -> StreamID {
        let connection = try self.openConnection()
        let (result, rawID) = connection.openStream(direction)
        switch result {
        case .success: break
        case .streamIDBlocked:
            throw EngineError(
                .streamLimitReached, "the peer allows no more \(direction) streams now: wait for streamsAvailable")
        default:
            throw EngineError(.refusedByLibrary, "opening a stream: \(result.text)")
        }
        let entry = StreamEntry(id: StreamID(rawID), isLocal: true, priority: priority)
        entry.startedEarly = self.phase == .handshaking
        entry.isAnnounced = true
        self.streams.insert(entry)
        connection.setEntry(entry, of: entry.id)
        self.context.statistics.streamsOpened &+= 1
        return entry.id
    }

    /// Whether the server refused 0-RTT data: ``ConnectionEvent/earlyDataRejected(_:)`` was or will be told, and the numbers
    /// of streams start over.
    public var hasRejectedEarlyData: Bool { self.context.hasRejectedEarlyData }

    /// How many more streams the peer allows us to open now.
    public func streamsLeft(_ direction: StreamDirection) -> UInt64 { self.connection?.streamsLeft(direction) ?? 0 }

    /// Copies as many of `bytes` into the stream's send queue as fit below its bound, and returns how many.
    ///
    /// Where that are fewer, ``ConnectionEvent/streamWritable(_:)`` tells when there is room again.
    @discardableResult
    public func write(_ bytes: RawSpan, to id: StreamID) throws(EngineError) -> Int {
        let entry = try self.writableEntry(id)
        let count = min(self.sendRoom(of: entry).most, bytes.byteCount)
        if count < bytes.byteCount { entry.hasWaitingWriter = true }
        guard count > 0 else { return 0 }
        entry.sendQueue.append(bytes.extracting(first: count), from: self.pool)
        self.noteWritten(count, on: entry)
        return count
    }

    /// Queues a filled chunk without copying; false, and nothing changes, where there is no room below the bound.
    ///
    /// A chunk is taken whole, so one may pass the bound by less than its own size.
    public func write(_ chunk: Chunk, to id: StreamID) throws(EngineError) -> Bool {
        let entry = try self.writableEntry(id)
        guard self.sendRoom(of: entry).most > 0 else {
            entry.hasWaitingWriter = true
            return false
        }
        entry.sendQueue.append(chunk)
        self.noteWritten(chunk.count, on: entry)
        return true
    }

    /// Ends our direction after what was written.
    public func finish(_ id: StreamID) throws(EngineError) {
        let entry = try self.entry(id)
        if entry.wantsFIN { return }
        _ = try self.writableEntry(id)
        entry.wantsFIN = true
        self.streams.scheduler.schedule(entry)
    }

    /// Gives our direction up: what was not received by the peer yet may be lost.
    public func reset(_ id: StreamID, code: UInt64) throws(EngineError) {
        try Self.check(code: code)
        let entry = try self.entry(id)
        guard entry.sending != .absent else { throw Self.wrongDirection(id) }
        guard entry.sending.reset() else { return }
        entry.sendQueue.discardUnsent(to: self.pool)
        self.streams.scheduler.unschedule(entry)
        guard !entry.isClosedByTransport, let connection = self.connection else { return }
        _ = connection.resetStream(id, code: code)
    }

    /// Tells the peer that we do not want the rest of its direction. Unread bytes are dropped.
    public func stopSending(_ id: StreamID, code: UInt64) throws(EngineError) {
        try Self.check(code: code)
        let entry = try self.entry(id)
        guard entry.receiving != .absent else { throw Self.wrongDirection(id) }
        guard !entry.isReadingStopped else { return }
        entry.absorb()
        entry.isReadingStopped = true
        self.context.discardedBytes &+= UInt64(entry.receiveQueue.removeAll(to: self.pool))
        if !entry.receiving.finishReading(), !entry.isClosedByTransport, let connection = self.connection {
            _ = connection.stopSending(id, code: code)
            if EngineLibrary.keepsRemoteStreams, !id.isBidirectional, entry.receiving.receiveFIN() {
                _ = entry.receiving.finishReading()
            }
        }
        self.context.touched.append(entry)
        self.settleStreams()
    }

    /// Asks for ``ConnectionEvent/streamAcknowledged(_:)`` once the peer has received all that was written so far.
    public func notifyWhenAcknowledged(_ id: StreamID) throws(EngineError) {
        let entry = try self.entry(id)
        guard entry.sending != .absent else { throw Self.wrongDirection(id) }
        entry.wantsAcknowledgement = true
        self.context.touched.append(entry)
        self.settleStreams()
    }

    /// Changes who is served first.
    public func setPriority(_ priority: StreamPriority, of id: StreamID) throws(EngineError) {
        self.streams.scheduler.setPriority(priority, of: try self.entry(id))
    }

    /// What a reader finds.
    public enum ReadResult: Hashable, Sendable {
        /// So many bytes were read; none: wait for ``ConnectionEvent/streamReadable(_:)``.
        case bytes(Int)
        /// All was read.
        case end
        /// The peer gave its direction up.
        case reset(code: UInt64)
    }

    /// Copies bytes that arrived into `buffer`. Credit goes back to the peer for what is read here, and only for that.
    ///
    /// What arrived before the peer ended the connection can be read afterwards, as long as the engine is kept.
    public func read(_ id: StreamID, into buffer: inout MutableRawSpan) throws(EngineError) -> ReadResult {
        let entry = try self.readableEntry(id)
        let count = entry.receiveQueue.read(into: &buffer, to: self.pool)
        if count > 0 {
            self.noteConsumed(count, on: entry)
            return .bytes(count)
        }
        return try self.endOfReading(entry)
    }

    /// Takes the next chunk that arrived, without copying. nil: there is none now; `read(_:into:)` tells whether that
    /// was the end, a reset, or just all for the moment.
    public func readChunk(_ id: StreamID) throws(EngineError) -> Chunk? {
        let entry = try self.readableEntry(id)
        guard let chunk = entry.receiveQueue.popChunk() else {
            if entry.receiving.canReceive { entry.isReadableSignalled = false }
            return nil
        }
        self.noteConsumed(chunk.count, on: entry)
        return chunk
    }

    /// Lends the first piece of what arrived to `body`, and forgets as many bytes as that returns; returns how many those
    /// were. nil: there is nothing now, `read(_:into:)` tells why.
    ///
    /// Nothing is copied, and a piece that is used up serves again: reading allocates nothing. What `body` leaves is lent
    /// again; ``ConnectionEvent/streamReadable(_:)`` is told once more has come.
    public func withNextBytes(of id: StreamID, _ body: (RawSpan) -> Int) throws(EngineError) -> Int? {
        let entry = try self.readableEntry(id)
        guard let used = entry.lend(body, to: self.pool) else {
            if entry.receiving.canReceive { entry.isReadableSignalled = false }
            return nil
        }
        self.noteConsumed(used, on: entry)
        return used
    }

    /// Bytes that arrived and wait for the reader.
    public func bytesReadable(on id: StreamID) -> Int {
        self.streams[id].map { $0.receiveQueue.count + $0.sink.filled } ?? 0
    }

    /// Bytes that were written and not acknowledged yet.
    public func bytesUnacknowledged(on id: StreamID) -> Int { self.streams[id]?.sendQueue.buffered ?? 0 }

    /// Whether the stream began before the handshake was complete: its first bytes were, or may be, replayed.
    public func startedEarly(_ id: StreamID) -> Bool { self.streams[id]?.startedEarly ?? false }

    /// Whether the stream exists for the application: it was not read to its end and closed yet.
    public func isKnown(_ id: StreamID) -> Bool { self.streams[id] != nil }
}

extension ConnectionEngine {
    /// What call-backs left to be looked at: closed streams, waiting writers, places for other streams.
    func settleStreams() {
        if !self.context.touched.isEmpty { self.settleTouchedStreams() }
        // Also where the peer has only opened some: those that it has left may be too few now.
        if self.streams.hasVacancies { self.giveBackPlaces() }
    }

    private func settleTouchedStreams() {
        self.followCongestionWindow()
        for entry in self.context.touched {
            if entry.hasWaitingWriter, entry.sending.canWrite, self.isWorthWaking(self.sendRoom(of: entry)) {
                entry.hasWaitingWriter = false
                self.context.record(.streamWritable(entry.id))
            }
            if entry.wantsAcknowledgement, entry.sendQueue.isEmpty, !entry.sending.isReset {
                entry.wantsAcknowledgement = false
                self.context.record(.streamAcknowledged(entry.id))
            }
            self.releaseIfDone(entry)
        }
        self.context.touched.removeAll(keepingCapacity: true)
    }

    /// What a stream may queue besides what it holds: as configured, or more while little of what all streams hold is unsent.
    ///
    /// Bytes in flight must be kept, and so must those that arrived behind a lost packet, which can be as many again and more.
    /// They say nothing of whether the application is ahead of what the path takes: a sender that counted them would run out
    /// of bytes at each loss.
    private func sendRoom(of entry: StreamEntry) -> SendRoom {
        let limits = self.configuration.flowControl
        let held = self.streams.held
        return SendRoom(
            own: limits.sendBuffer - entry.sendQueue.buffered,
            shared: min(self.unsentBound - held.unsent, limits.maximumSendBuffer - held.buffered))
    }

    /// What a stream may queue by its own bound, and by that of all together. Below 0: it is past the bound.
    private struct SendRoom {
        let own: Int
        let shared: Int

        var most: Int { max(self.own, self.shared, 0) }
    }

    /// Late enough that it is worth a call, early enough that the window never runs dry.
    private func isWorthWaking(_ room: SendRoom) -> Bool {
        room.own > self.configuration.flowControl.sendBuffer / 4 || room.shared > self.unsentBound / 4
    }

    /// Follows the congestion window, which only acknowledgements change.
    private func followCongestionWindow() {
        guard let connection = self.connection else { return }
        let window = Int(clamping: connection.congestionWindow)
        self.streams.scheduler.adapt(toWindow: window / max(connection.maximumPayload, 1))
        self.unsentBound = min(window, self.configuration.flowControl.maximumUnsent)
    }

    /// The application and both ends are done: the peer may open another stream in this one's place.
    private func releaseIfDone(_ entry: StreamEntry) {
        guard entry.isDone, !entry.isReleased else { return }
        entry.isReleased = true
        // The entry goes now, but credit for its last bytes may still be due.
        if let connection = self.connection {
            self.context.discardedBytes &+= entry.credit
            entry.credit = 0
            // 0.12 never closes the peer's unidirectional streams, so we do not wait for it on any version.
            if !entry.isClosedByTransport {
                self.context.statistics.packetsLost &+= connection.lostPackets(of: entry.id)
                connection.setEntry(nil, of: entry.id)
            }
            if !entry.isLocal, !entry.isReplacedByLibrary {
                self.streams.vacate(entry.id.isBidirectional ? .bidirectional : .unidirectional)
            }
        }
        self.context.statistics.streamsClosed &+= 1
        self.context.statistics.streamBytesReceived &+= entry.bytesReceived
        _ = entry.receiveQueue.removeAll(to: self.pool)
        self.streams.remove(entry)
        self.context.record(.streamClosed(entry.id))
    }

    /// RFC 9000 §4.6: the peer may open others in the places of streams that are over.
    private func giveBackPlaces() {
        guard let connection = self.connection else { return }
        let counts = self.streams.giveBackPlaces()
        if counts.bidirectional > 0 { connection.extendRemoteStreams(.bidirectional, by: counts.bidirectional) }
        if counts.unidirectional > 0 { connection.extendRemoteStreams(.unidirectional, by: counts.unidirectional) }
    }

    /// RFC 9000 §4.1: what was consumed may be sent again. Done once before packets are written, not per read.
    func returnCredit(_ connection: NGTCP2Connection, now: EngineInstant) {
        guard self.streams.hasCreditors || self.context.discardedBytes > 0 else { return }
        var total = self.context.discardedBytes
        self.context.discardedBytes = 0
        self.streams.forEachCreditor { entry in
            total &+= entry.credit
            if entry.credit > 0, !entry.isClosedByTransport, entry.receiving.canReceive {
                connection.extendStreamWindow(entry.id, by: entry.credit)
            }
            entry.credit = 0
        }
        guard total > 0 else { return }
        connection.extendConnectionWindow(
            by: self.window.consume(total, now: now) { .clamped(nanoseconds: connection.roundTripSample.smoothed) })
    }

    private func endOfReading(_ entry: StreamEntry) throws(EngineError) -> ReadResult {
        // The buffer had no room: there is something to read still.
        guard entry.receiveQueue.count == 0 else { return .bytes(0) }
        entry.isReadableSignalled = false
        let result: ReadResult
        switch entry.receiving {
        case .dataReceived, .dataRead: result = .end
        case .resetReceived(let code), .resetRead(let code): result = .reset(code: code)
        case .receive, .absent:
            // Nothing more can come once the connection is over: its cause is the answer.
            _ = try self.openConnection()
            return .bytes(0)
        }
        if entry.receiving.finishReading() {
            self.context.touched.append(entry)
            self.settleStreams()
        }
        return result
    }

    private func noteConsumed(_ count: Int, on entry: StreamEntry) {
        guard self.connection != nil else { return }
        self.streams.returnCredit(count, to: entry)
    }

    private func noteWritten(_ count: Int, on entry: StreamEntry) {
        _ = entry.sending.write()
        self.context.statistics.streamBytesWritten &+= UInt64(count)
        self.streams.scheduler.schedule(entry)
    }

    private func entry(_ id: StreamID) throws(EngineError) -> StreamEntry {
        self.context.requireOutside()
        if let entry = self.streams[id] { return entry }
        _ = try self.openConnection()
        throw EngineError(.streamNotFound, "stream \(id) does not exist, or both directions are over")
    }

    private func writableEntry(_ id: StreamID) throws(EngineError) -> StreamEntry {
        let entry = try self.entry(id)
        _ = try self.openConnection()
        if entry.sending.canWrite, !entry.wantsFIN { return entry }
        if entry.sending == .absent { throw Self.wrongDirection(id) }
        if let code = entry.stopSendingCode {
            throw EngineError(.streamStopped, "the peer wants no more of stream \(id): it said stop with code \(code)")
        }
        throw EngineError(.streamStateMismatch, "our direction of stream \(id) was finished or reset")
    }

    func readableEntry(_ id: StreamID) throws(EngineError) -> StreamEntry {
        let entry = try self.entry(id)
        guard entry.receiving != .absent else { throw Self.wrongDirection(id) }
        guard !entry.isReadingStopped else {
            throw EngineError(.streamStateMismatch, "reading of stream \(id) was stopped")
        }
        entry.absorb()
        return entry
    }

    private static func wrongDirection(_ id: StreamID) -> EngineError {
        EngineError(.streamStateMismatch, "stream \(id) is unidirectional, the other way")
    }

    func openConnection() throws(EngineError) -> NGTCP2Connection {
        self.context.requireOutside()
        guard let connection = self.connection, self.phase.isOpen else {
            let why = self.closeReason.map { ": \($0)" } ?? ""
            throw EngineError(.connectionStateMismatch, "the connection is over\(why)")
        }
        return connection
    }
}

internal import CNGTCP2

// What the call-backs record about streams and paths. Runs while C is on the stack: no call into the connection,
// except the two that the library allows there, opening a stream's bookkeeping and naming its entry.

extension CallbackContext {
    func openRemote(_ id: StreamID) {
        let entry = StreamEntry(id: id, isLocal: false)
        self.streams.insert(entry)
        self.statistics.streamsOpened &+= 1
        unsafe ngtcp2_conn_set_stream_user_data(
            self.connection, id.rawValue, UnsafeMutableRawPointer(entry.sink.pointer))
        // Frames are looked at before the library reads them, so the first frame of a stream can come ahead of it.
        if let code = self.earlyStops.removeValue(forKey: id) { self.receiveStopSending(id, code: code) }
    }

    func receive(_ bytes: UnsafePointer<UInt8>?, count: Int, isLast: Bool, isEarly: Bool, on entry: StreamEntry) {
        self.announce(entry, isEarly: isEarly)
        entry.absorb()
        entry.bytesReceived &+= UInt64(count)
        if entry.isReadingStopped {
            self.discardedBytes &+= UInt64(count)
        } else if count > 0, let bytes = unsafe bytes {
            unsafe entry.receiveQueue.append(bytes, count: count, from: self.pool)
            // What follows goes straight into the rest of the chunk, until somebody reads.
            if !isLast, let chunk = entry.receiveQueue.openChunk { entry.sink.open(chunk) }
        }
        if isLast, entry.receiving.receiveFIN(), entry.isReadingStopped { _ = entry.receiving.finishReading() }
        if isLast { self.touched.append(entry) }
        self.signalReadable(entry)
    }

    func receiveReset(code: UInt64, on entry: StreamEntry) {
        self.announce(entry, isEarly: false)
        entry.absorb()
        guard entry.receiving.receiveReset(code: code) else { return }
        // RFC 9000 §3.2: data that was not read yet may be thrown away. Its credit goes back.
        self.discardedBytes &+= UInt64(entry.receiveQueue.removeAll(to: self.pool))
        if entry.isReadingStopped { _ = entry.receiving.finishReading() }
        self.touched.append(entry)
        self.signalReadable(entry)
    }

    /// Before 0.14 a stream whose first frame is a reset is never opened: the library forgets it at once.
    func receiveResetOfUnopened(_ id: StreamID, code: UInt64) {
        let answer = unsafe ngtcp2_conn_set_stream_user_data(self.connection, id.rawValue, nil)
        guard LibraryResult(answer) == .streamNotFound, self.streams[id] == nil else { return }
        // The library grants the peer another stream at once: those that nobody has looked at yet must not pile up.
        guard self.streams.replacedCount < self.replacedStreamLimit else { return }
        self.streams.replacedCount += 1
        let entry = StreamEntry(id: id, isLocal: false)
        entry.isClosedByTransport = true
        entry.isReplacedByLibrary = true
        self.streams.insert(entry)
        self.statistics.streamsOpened &+= 1
        self.receiveReset(code: code, on: entry)
    }

    func acknowledge(upTo end: UInt64, on entry: StreamEntry) {
        entry.sendQueue.acknowledge(upTo: end, to: self.pool)
        if entry.hasWaitingWriter || entry.wantsAcknowledgement { self.touched.append(entry) }
    }

    func close(_ entry: StreamEntry, code: UInt64?) {
        entry.absorb()
        entry.isClosedByTransport = true
        if !entry.sending.acknowledgeReset() { _ = entry.sending.acknowledgeAll() }
        // A stream that closes before its end was delivered was reset.
        if entry.receiving.canReceive { _ = entry.receiving.receiveReset(code: code ?? 0) }
        entry.sendQueue.removeAll(to: self.pool)
        self.streams.scheduler.unschedule(entry)
        self.touched.append(entry)
    }

    func receiveStopSending(_ id: StreamID, code: UInt64) {
        guard let entry = self.streams[id] else { return self.earlyStops[id] = code }
        guard entry.stopSendingCode == nil, entry.sending != .absent else { return }
        guard !entry.sending.isFinal, !entry.sending.isReset else { return }
        entry.stopSendingCode = code
        // The library answers with RESET_STREAM by itself (RFC 9000 §3.5).
        _ = entry.sending.reset()
        entry.sendQueue.discardUnsent(to: self.pool)
        self.streams.scheduler.unschedule(entry)
        self.announce(entry, isEarly: false)
        self.record(.streamStopped(id, code: code))
    }

    func unblock(_ entry: StreamEntry) {
        entry.isBlocked = false
        self.streams.scheduler.schedule(entry)
    }

    /// RFC 9001 §4.6.2: nothing of it happened. The streams' numbers will be given out again.
    func rejectEarlyData() {
        let rejected = self.streams.allInOrder.filter { $0.isLocal && !$0.sending.isReset }.map { entry in
            let chunks = entry.sendQueue.takeAll()
            self.streams.remove(entry)
            return RejectedStream(id: entry.id, chunks: chunks, isFinished: entry.wantsFIN, priority: entry.priority)
        }
        self.hasRejectedEarlyData = true
        self.record(.earlyDataRejected(rejected))
    }

    func receiveDatagram(_ bytes: consuming [UInt8]) {
        self.statistics.datagramFramesReceived &+= 1
        guard self.received.append(.init(id: 0, payload: bytes)) else {
            self.statistics.datagramFramesDropped &+= 1
            return
        }
        guard !self.readableDatagramsSignalled else { return }
        self.readableDatagramsSignalled = true
        self.record(.datagramReadable)
    }

    func validate(_ path: NetworkPath, succeeded: Bool, isPreferredAddress: Bool) {
        if let index = self.statistics.paths.firstIndex(where: { $0.path == path }) {
            self.statistics.paths[index].isValidated = succeeded
        }
        self.record(.pathValidated(path, succeeded: succeeded, isPreferredAddress: isPreferredAddress))
    }

    func fillRandom(_ bytes: UnsafeMutablePointer<UInt8>, count: Int) {
        var word: UInt64 = 0
        for index in 0..<count {
            if index & 7 == 0 { word = self.random.next() }
            unsafe bytes[index] = UInt8(truncatingIfNeeded: word)
            word >>= 8
        }
    }

    /// A stream is announced when something is known of it, so that the announcement can say whether it came early.
    private func announce(_ entry: StreamEntry, isEarly: Bool) {
        guard !entry.isLocal, !entry.isAnnounced else { return }
        entry.isAnnounced = true
        entry.startedEarly = isEarly
        self.record(.streamOpened(entry.id, early: isEarly))
    }

    private func signalReadable(_ entry: StreamEntry) {
        guard !entry.isReadableSignalled, !entry.isReadingStopped else { return }
        entry.isReadableSignalled = true
        self.record(.streamReadable(entry.id))
    }
}

internal import CNGTCP2

extension ConnectionEngine {
    /// Writes datagrams into `buffer` and returns how many bytes; ``runs`` says how they are to be sent.
    ///
    /// It stops at the library's send quantum, at `maximumDatagrams`, or where the buffer has no room for another
    /// datagram of full size. 0: there is nothing to send now; ``nextTimeout`` says when there may be.
    @discardableResult
    public func transmit(into buffer: inout MutableRawSpan, maximumDatagrams: Int = 64, now: EngineInstant) -> Int {
        self.runs.removeAll(keepingCapacity: true)
        if let close = self.savedClose, close.isDue { return self.transmitSavedClose(close, into: &buffer) }
        guard let connection = self.connection else { return 0 }
        self.returnCredit(connection)
        self.refreshBlocks(connection)
        let quantum = max(connection.sendQuantum, connection.maximumPayload)
        var failure = LibraryResult.success
        let total = unsafe buffer.withUnsafeMutableBytes { raw -> Int in
            guard let start = unsafe raw.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
            var offset = 0
            var count = 0
            let payload = connection.maximumPayload
            while count < maximumDatagrams, offset < quantum, raw.count - offset >= payload {
                let written = unsafe self.writePacket(to: start + offset, capacity: payload, connection, now: now)
                guard written > 0 else {
                    failure = LibraryResult(written)
                    break
                }
                self.note(written, at: offset, connection)
                offset += written
                count += 1
            }
            return offset
        }
        if total > 0 { connection.didTransmit(now: now) }
        self.settle(failure, now: now)
        // A connection that failed while writing has a close packet to send instead.
        return total > 0 || failure == .success ? total : self.transmit(into: &buffer, maximumDatagrams: maximumDatagrams, now: now)
    }

    /// How many bytes the library would like to send in one go: what pacing allows at a time.
    public var sendQuantum: Int { self.connection?.sendQuantum ?? 0 }

    /// Writes one packet from whatever is due: datagrams, streams in the scheduler's order, control frames.
    private func writePacket(
        to target: UnsafeMutablePointer<UInt8>, capacity: Int, _ connection: NGTCP2Connection, now: EngineInstant
    ) -> Int {
        var isDatagramHeld = false
        while true {
            if !isDatagramHeld, let item = self.datagrams.first {
                let (written, goesOn) = unsafe self.writeDatagram(item, to: target, capacity, connection, now, &isDatagramHeld)
                if !goesOn { return written }
                continue
            }
            guard let entry = self.nextStream() else {
                return unsafe connection.writeControl(to: target, capacity: capacity, now: now)
            }
            let (written, goesOn) = unsafe self.writeStream(entry, to: target, capacity, connection, now)
            if !goesOn { return written }
        }
    }

    private func nextStream() -> StreamEntry? { self.isConnectionBlocked ? nil : self.streams.scheduler.next() }

    /// Offers one stream. Returns whether the packet still has room for something else.
    private func writeStream(
        _ entry: StreamEntry, to target: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ connection: NGTCP2Connection,
        _ now: EngineInstant
    ) -> (Int, goesOn: Bool) {
        if EngineLibrary.hidesBlockedStreams, entry.sendQueue.unsent > 0, connection.streamWindowLeft(entry.id) == 0 {
            self.block(entry, connection)
            return (0, true)
        }
        var accepted = -1
        let written = unsafe connection.write(entry, to: target, capacity: capacity, accepted: &accepted, now: now)
        if accepted >= 0 { self.commit(accepted, on: entry) }
        switch LibraryResult(written) {
        case .writeMore:
            return (0, true)
        case .streamDataBlocked:
            self.block(entry, connection)
            return (0, true)
        case .streamShut, .streamNotFound:
            self.streams.scheduler.unschedule(entry)
            entry.sendQueue.discardUnsent()
            return (0, true)
        default:
            if written > 0, accepted >= 0 { self.streams.scheduler.didSendPacket(of: entry) }
            return (written, false)
        }
    }

    private func commit(_ count: Int, on entry: StreamEntry) {
        entry.sendQueue.commit(count)
        if entry.wantsFIN, entry.sendQueue.unsent == 0, entry.sending.commitFIN() { entry.isFINCommitted = true }
        if !entry.hasSomethingToSend { self.streams.scheduler.unschedule(entry) }
    }

    /// The stream waits for its own window; or all of them wait for the connection's.
    private func block(_ entry: StreamEntry, _ connection: NGTCP2Connection) {
        if connection.streamWindowLeft(entry.id) > 0, connection.connectionWindowLeft == 0 {
            self.isConnectionBlocked = true
        } else {
            entry.isBlocked = true
            self.streams.scheduler.unschedule(entry)
        }
    }

    private func refreshBlocks(_ connection: NGTCP2Connection) {
        if self.isConnectionBlocked, connection.connectionWindowLeft > 0 { self.isConnectionBlocked = false }
    }

    private func writeDatagram(
        _ item: DatagramQueue.Item, to target: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ connection: NGTCP2Connection,
        _ now: EngineInstant, _ isHeld: inout Bool
    ) -> (Int, goesOn: Bool) {
        var isAccepted = false
        let written = unsafe connection.writeDatagram(
            to: target, capacity: capacity, isAccepted: &isAccepted, id: item.id, payload: item.payload, now: now)
        if isAccepted {
            self.datagrams.popFirst()
            self.context.statistics.datagramFramesSent &+= 1
        }
        switch LibraryResult(written) {
        case .writeMore:
            // It did not fit behind what is in the packet: finish that one first.
            if !isAccepted { isHeld = true }
            return (0, true)
        case .invalidArgument, .invalidState:
            // The path's MTU shrank, or 0-RTT was refused and the peer takes none: unreliable data is dropped.
            self.datagrams.popFirst()
            self.context.statistics.datagramFramesDropped &+= 1
            return (0, true)
        default:
            return (written, false)
        }
    }

    /// Adds a packet to the last run, or starts another where size, path or mark differ.
    private func note(_ size: Int, at offset: Int, _ connection: NGTCP2Connection) {
        if connection.transmitPathGeneration != self.lastPathGeneration {
            self.lastPathGeneration = connection.transmitPathGeneration
            self.lastPath = connection.transmitPath ?? self.path
        }
        let ecn = connection.transmitECN
        let index = self.indexOfPath(self.lastPath)
        self.context.statistics.paths[index].datagramsSent &+= 1
        self.context.statistics.paths[index].bytesSent &+= UInt64(size)
        self.context.statistics.datagramsSent &+= 1
        self.context.statistics.bytesSent &+= UInt64(size)
        if let last = self.runs.last, last.count % last.segmentSize == 0, size <= last.segmentSize, last.ecn == ecn,
            last.path == self.lastPath
        {
            self.runs[self.runs.count - 1].count += size
        } else {
            self.runs.append(TransmitRun(offset: offset, count: size, segmentSize: size, path: self.lastPath, ecn: ecn))
        }
    }

    private func transmitSavedClose(_ close: SavedClose, into buffer: inout MutableRawSpan) -> Int {
        guard buffer.byteCount >= close.bytes.count else { return 0 }
        self.savedClose?.isDue = false
        unsafe buffer.withUnsafeMutableBytes { unsafe $0.copyBytes(from: close.bytes) }
        self.context.statistics.datagramsSent &+= 1
        self.context.statistics.bytesSent &+= UInt64(close.bytes.count)
        self.runs.append(
            TransmitRun(offset: 0, count: close.bytes.count, segmentSize: close.bytes.count, path: close.path, ecn: .notCapable))
        return close.bytes.count
    }
}

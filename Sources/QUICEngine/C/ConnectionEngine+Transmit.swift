internal import CNGTCP2

extension ConnectionEngine {
    /// Writes datagrams into `buffer` and returns how many bytes; ``runs`` says how they are to be sent.
    ///
    /// It stops at the library's send quantum, at `maximumDatagrams`, or where the buffer has no room for another
    /// datagram of full size (``EngineConfiguration/PacketSizes/maximumSent``: a smaller buffer gets nothing). 0: there is
    /// nothing to send now; ``nextTimeout`` says when there may be.
    @discardableResult
    public func transmit(into buffer: inout MutableRawSpan, maximumDatagrams: Int = 64, now: EngineInstant) -> Int {
        self.runs.removeAll(keepingCapacity: true)
        if let close = self.savedClose, close.isDue { return self.transmitSavedClose(close, into: &buffer) }
        guard let connection = self.connection else { return 0 }
        self.returnCredit(connection, now: now)
        self.refreshBlocks(connection)
        self.preparePing(connection)
        let (total, failure) = unsafe buffer.withUnsafeMutableBytes {
            unsafe self.fill($0, maximumDatagrams, connection, now)
        }
        if total > 0 {
            connection.didTransmit(now: now)
            self.notePing(connection, written: total)
        }
        self.settle(failure, now: now)
        // A connection that failed while writing has a close packet to send instead.
        return total > 0 || failure == .success
            ? total : self.transmit(into: &buffer, maximumDatagrams: maximumDatagrams, now: now)
    }

    /// How many bytes the library would like to send in one go: what pacing allows at a time.
    public var sendQuantum: Int { self.connection?.sendQuantum ?? 0 }

    /// Writes packets from whatever is due: datagrams, streams in the scheduler's order, control frames.
    ///
    /// Between the parts of one packet nothing else may be called on the connection, so the loop goes round with
    /// `position.offset` unchanged until the packet is complete.
    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ maximumDatagrams: Int, _ connection: NGTCP2Connection,
        _ now: EngineInstant
    ) -> (Int, LibraryResult) {
        guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return (0, .success) }
        let payload = connection.maximumPayload
        let quantum = max(connection.sendQuantum, payload)
        var position = FillPosition()
        while position.packets < maximumDatagrams, position.offset < quantum, buffer.count - position.offset >= payload
        {
            let target = unsafe start + position.offset
            let result: LibraryResult
            // Taken, and put back where it stays: a copy of it would cost two counts of references.
            if !position.isDatagramHeld, let item = self.datagrams.popFirst() {
                result = unsafe self.writeDatagram(item, to: target, payload, connection, now, &position)
            } else if let entry = self.nextStream(connection) {
                let room = min(buffer.count - position.offset, quantum - position.offset + payload - 1)
                let packets = min(
                    maximumDatagrams - position.packets, self.streams.scheduler.packetsBeforeNextTurn(of: entry))
                result = unsafe self.writeStream(entry, to: target, room, payload, packets, connection, now, &position)
            } else {
                let written = unsafe connection.writeControl(to: target, capacity: payload, now: now)
                result = self.take(written, connection, &position)
            }
            if result == .success { break }
            if result.isFatal { return (position.offset, result) }
        }
        return (position.offset, .success)
    }

    /// How far a burst has come.
    private struct FillPosition {
        var offset = 0
        var packets = 0
        /// The next datagram does not fit behind what is in the packet already.
        var isDatagramHeld = false
    }

    /// While the connection's window is used up, ends of streams go first: the others can't go at all.
    private func nextStream(_ connection: NGTCP2Connection) -> StreamEntry? {
        if connection.connectionWindowLeft == 0, let entry = self.streams.scheduler.nextEnd() { return entry }
        return self.isConnectionBlocked ? nil : self.streams.scheduler.next()
    }

    /// Notes one packet, or passes on why there was none: `.success` says that nothing may be sent now.
    private func take(_ written: Int, _ connection: NGTCP2Connection, _ position: inout FillPosition) -> LibraryResult {
        guard written > 0 else { return LibraryResult(written) }
        self.note(connection.lastPacket(written), &position)
        return .wrotePackets
    }

    /// Offers one stream for up to `packets` packets.
    private func writeStream(
        _ entry: StreamEntry, to target: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ payload: Int, _ packets: Int,
        _ connection: NGTCP2Connection, _ now: EngineInstant, _ position: inout FillPosition
    ) -> LibraryResult {
        if EngineLibrary.hidesBlockedStreams, entry.sendQueue.unsent > 0, connection.streamWindowLeft(entry.id) == 0 {
            self.block(entry, connection)
            return .streamDataBlocked
        }
        let run = unsafe connection.writeRun(
            entry, to: target, capacity: capacity, payload: payload, packets: packets, now: now)
        if run.accepted >= 0 { self.commit(run.accepted, on: entry) }
        if run.packets > 0 {
            self.note(run, &position)
            if run.accepted >= 0 { self.streams.scheduler.didSendPacket(of: entry) }
        }
        let result = LibraryResult(run.result)
        switch result {
        case .success: return run.packets > 0 ? .wrotePackets : .success
        case .streamDataBlocked: self.block(entry, connection)
        case .streamShut, .streamNotFound:
            self.context.receiveStopSending(entry.id, code: 0)
            self.streams.scheduler.unschedule(entry)
        default:
            // Something that is longer, or goes elsewhere, than the run: a probe, usually.
            if run.result > 0 { return self.take(run.result, connection, &position) }
        }
        return result
    }

    private func commit(_ count: Int, on entry: StreamEntry) {
        entry.sendQueue.commit(count)
        if entry.hasWaitingWriter { self.context.touched.append(entry) }
        if entry.wantsFIN, entry.sendQueue.unsent == 0, entry.sending.commitFIN() { entry.isFINCommitted = true }
        if !entry.hasSomethingToSend { self.streams.scheduler.unschedule(entry) }
    }

    /// The stream waits for its own window; or all of them wait for the connection's.
    private func block(_ entry: StreamEntry, _ connection: NGTCP2Connection) {
        if entry.sendQueue.unsent > 0, connection.streamWindowLeft(entry.id) > 0, connection.connectionWindowLeft == 0 {
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
        _ item: consuming DatagramQueue.Item, to target: UnsafeMutablePointer<UInt8>, _ capacity: Int,
        _ connection: NGTCP2Connection, _ now: EngineInstant, _ position: inout FillPosition
    ) -> LibraryResult {
        guard item.payload.count <= self.datagramRoom(connection) else {
            // Queued for a path that carried more. The library would say "nothing to send" for ever.
            self.context.statistics.datagramFramesDropped &+= 1
            return .writeMore
        }
        var isAccepted = false
        let written = unsafe connection.writeDatagram(
            to: target, capacity: capacity, isAccepted: &isAccepted, id: item.id, payload: item.payload, now: now)
        let result = LibraryResult(written)
        if isAccepted {
            self.context.statistics.datagramFramesSent &+= 1
        } else if result == .invalidArgument || result == .invalidState {
            // The path's MTU shrank, or 0-RTT was refused and the peer takes none: unreliable data is dropped.
            self.context.statistics.datagramFramesDropped &+= 1
            return .writeMore
        } else {
            self.datagrams.putBack(item)
            position.isDatagramHeld = result == .writeMore
        }
        return result == .writeMore ? .writeMore : self.take(written, connection, &position)
    }

    /// Adds packets to the last run, or starts another where size, path or mark differ.
    private func note(_ run: NGTCP2Connection.Run, _ position: inout FillPosition) {
        if run.pathGeneration != self.lastPathGeneration {
            self.context.statistics.ecn.beginPath()
            self.lastPathGeneration = run.pathGeneration
            self.lastPath = NetworkPath(run.path) ?? self.path
        }
        let index = self.indexOfPath(self.lastPath)
        self.context.statistics.paths[index].datagramsSent &+= UInt64(run.packets)
        self.context.statistics.paths[index].bytesSent &+= UInt64(run.bytes)
        self.context.statistics.ecn.noteSent(run.packets, run.ecn)
        self.context.statistics.datagramsSent &+= UInt64(run.packets)
        self.context.statistics.bytesSent &+= UInt64(run.bytes)
        if let last = self.runs.last, last.joins(run.segment, packets: run.packets, on: self.lastPath, run.ecn) {
            self.runs[self.runs.count - 1].count += run.bytes
        } else {
            self.runs.append(
                TransmitRun(
                    offset: position.offset, count: run.bytes, segmentSize: run.segment, path: self.lastPath,
                    ecn: run.ecn))
        }
        position.offset += run.bytes
        position.packets += run.packets
        position.isDatagramHeld = false
    }

    private func transmitSavedClose(_ close: SavedClose, into buffer: inout MutableRawSpan) -> Int {
        guard buffer.byteCount >= close.bytes.count else { return 0 }
        self.savedClose?.isDue = false
        unsafe buffer.withUnsafeMutableBytes { unsafe $0.copyBytes(from: close.bytes) }
        self.context.statistics.datagramsSent &+= 1
        self.context.statistics.bytesSent &+= UInt64(close.bytes.count)
        self.runs.append(
            TransmitRun(
                offset: 0, count: close.bytes.count, segmentSize: close.bytes.count, path: close.path, ecn: .notCapable)
        )
        return close.bytes.count
    }
}

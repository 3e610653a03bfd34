internal import CLinuxUDP

extension TransmitBatch {
    /// Hands everything to the kernel: one call for up to 64 runs.
    ///
    /// Throws only when the socket is of no further use; the batch keeps the rest then. A datagram that the kernel
    /// refuses for reasons of its own is counted in ``UDPSocketStatistics`` and skipped.
    public func flush(through socket: UDPSocket) throws(Errno) -> Outcome {
        var interruptions = 0
        while !self.isEmpty {
            self.prepareMessages(for: socket)
            let (sent, error) = unsafe socket.send(self.messages, self.outgoing)
            for index in 0..<sent { self.advance(over: self.outgoing[index], socket) }
            if let error, sent < self.outgoing.count {
                switch error.datagramFault {
                case .retryNow:
                    interruptions += 1
                    if interruptions > 100 { return .blocked }
                case .waitUntilReady: return .blocked
                case .datagramLost: self.lose(self.outgoing[sent], error, socket)
                case .datagramLostAndPause:
                    // Says nothing about segmentation, so a doubt about it remains.
                    socket.withState { $0.statistics.countLoss(of: self.outgoing[sent].segments, error) }
                    self.step(over: self.outgoing[sent].count)
                    return .pause
                case .segmentationRefused: self.refuse(self.outgoing[sent], error, socket)
                // A peer of a family that the socket does not serve says nothing about the socket.
                case .socketUnusable where error == .addressFamilyNotSupported:
                    self.lose(self.outgoing[sent], error, socket)
                case .socketUnusable: throw error
                }
            }
        }
        // What was skipped without anything to send is free again as well.
        self.discard()
        return .sent
    }

    /// Describes as many messages as fit into one call, from the cursor on.
    private func prepareMessages(for socket: UDPSocket) {
        // While in doubt, one by one, so that the answer is known before anything else leaves.
        let segments = self.doubt == nil && socket.segments ? 64 : 1
        self.outgoing.removeAll(keepingCapacity: true)
        var (index, offset) = self.cursor
        while index < self.entries.count, self.outgoing.count < TransmitBatch.messagesPerCall {
            let entry = self.entries[index]
            let left = entry.count - offset
            // 65,507 bytes are the most that an IPv4 packet carries (RFC 768), segments of one call included.
            let fitting = max(min(segments, 65_507 / entry.segmentSize), 1)
            let count = min(left, fitting * entry.segmentSize)
            let datagram = OutgoingDatagram(
                remote: entry.remote, local: entry.local, count: count,
                segments: max((count + entry.segmentSize - 1) / entry.segmentSize, 1), ecn: entry.ecn)
            self.prepare(datagram, at: entry.start + offset, entry.segmentSize, socket)
            self.outgoing.append(datagram)
            offset += count
            if offset >= entry.count { (index, offset) = (index + 1, 0) }
        }
    }

    private func prepare(_ datagram: OutgoingDatagram, at start: Int, _ segmentSize: Int, _ socket: UDPSocket) {
        let slot = self.outgoing.count
        // A socket that is bound to one address needs no hint.
        let names =
            !datagram.local.isWildcard && socket.localAddress.isWildcard
            && datagram.local.family == datagram.remote.family
        unsafe tern_udp_prepare_send(
            self.messages + slot, self.parts + slot, socket.isIPv6 ? 1 : 0, self.arena + start, datagram.count,
            datagram.remote.systemForm, names ? datagram.local.systemForm : tern_udp_address(),
            socket.marks ? Int32(datagram.ecn) : 0, datagram.segments > 1 ? UInt16(clamping: segmentSize) : 0)
    }

    private func advance(over datagram: OutgoingDatagram, _ socket: UDPSocket) {
        // Alone it passes: the segmentation was at fault.
        if let doubt {
            socket.stopSegmenting(because: doubt)
            self.doubt = nil
        }
        self.step(over: datagram.count)
    }

    private func lose(_ datagram: OutgoingDatagram, _ error: Errno, _ socket: UDPSocket) {
        var count = datagram.count
        var segments = datagram.segments
        if self.doubt != nil {
            // Alone it fails as well, so the segmentation was not at fault, and the rest of the run would fare no
            // better.
            let entry = self.entries[self.cursor.entry]
            count = entry.count - self.cursor.offset
            segments = max((count + entry.segmentSize - 1) / entry.segmentSize, 1)
            self.doubt = nil
        }
        socket.withState { $0.statistics.countLoss(of: segments, error) }
        self.step(over: count)
    }

    /// `EIO` is the card's own answer. `EINVAL` has other causes too, such as a source address that has been removed,
    /// or port 0, which anybody can forge: those must not cost the socket its segmentation.
    private func refuse(_ datagram: OutgoingDatagram, _ error: Errno, _ socket: UDPSocket) {
        guard datagram.segments > 1 else { return self.lose(datagram, error, socket) }
        if error == .invalidArgument {
            self.doubt = error
        } else {
            socket.stopSegmenting(because: error)
        }
    }

    private func step(over count: Int) {
        self.cursor.offset += count
        guard self.entries[self.cursor.entry].count <= self.cursor.offset else { return }
        self.cursor = (self.cursor.entry + 1, 0)
        if self.cursor.entry >= self.entries.count { self.discard() }
    }
}

extension UDPSocket {
    /// Whether segmentation offload is in use.
    var segments: Bool { self.withState { $0.capabilities.gso } }

    /// One call of `sendmsg` or `sendmmsg`: how many messages the kernel took, and what it said of the next.
    @unsafe func send(
        _ messages: UnsafeMutablePointer<tern_udp_message>, _ outgoing: [OutgoingDatagram]
    ) -> (sent: Int, error: Errno?) {
        var admitted = 0
        var fault: Errno?
        while admitted < outgoing.count, fault == nil {
            fault = self.system.fault(sending: outgoing[admitted])
            if fault == nil { admitted += 1 }
        }
        return self.withState { state in
            state.statistics.callsOut &+= 1
            var sent = 0
            var error = fault
            if state.descriptor < 0 {
                error = .badDescriptor
            } else if admitted > 0 {
                let count = unsafe tern_udp_send(state.descriptor, messages, UInt32(clamping: admitted))
                sent = max(Int(count), 0)
                // Short of all without a word: the next call brings the reason.
                if count < 0 { error = .last } else if sent < admitted { error = nil }
            }
            for index in 0..<sent {
                state.statistics.datagramsOut &+= UInt64(clamping: outgoing[index].segments)
                state.statistics.bytesOut &+= UInt64(clamping: outgoing[index].count)
                if outgoing[index].segments > 1 { state.statistics.gsoCalls &+= 1 }
            }
            if error == .wouldBlock { state.statistics.wouldBlock &+= 1 }
            return (sent, error)
        }
    }
}

/// Packets and their frames.
extension TraceBuilder {
    /// A packet of a hostile trace may hold very many.
    private static let mostFrames = 4_096
    /// As many ranges as fit a packet.
    private static let mostRanges = 256

    mutating func addPacket(_ data: JSONValue, isSent: Bool, now: Int) {
        let header = data["header"]
        let type = PacketType(header["packet_type"].exists ? header["packet_type"] : data["packet_type"])
        let index = self.trace.packets.count
        let number = header["packet_number"].count ?? -1
        self.trace.packets.times.append(now)
        self.trace.packets.isSent.append(isSent)
        self.trace.packets.types.append(type)
        self.trace.packets.numbers.append(number)
        self.trace.packets.sizes.append(data["raw"]["length"].count ?? header["packet_size"].count ?? -1)
        self.trace.packets.fates.append(.open)
        self.trace.packets.settled.append(-1)
        if isSent, number >= 0, let space = type.space { self.ledgers[space].add(number, packet: index) }
        var count = 0
        for frame in data["frames"].elements.prefix(Self.mostFrames) {
            self.add(frame, of: type, isSent: isSent, now: now)
            count += 1
        }
        self.trace.packets.frameCounts.append(count)
        if type == .initial || type == .handshake { self.learn(from: header, isSent: isSent) }
    }

    private mutating func add(_ frame: JSONValue, of type: PacketType, isSent: Bool, now: Int) {
        let kind = FrameKind(frame)
        let place = self.trace.packets.frames.count + 1
        self.trace.packets.frames.append(kind.rawValue)
        self.trace.packets.frames.append(0)
        switch kind {
        case .ack: self.addAcknowledgement(frame, of: type, isSent: isSent, now: now)
        case .stream:
            for field in kind.fields { self.trace.packets.frames.append(self.length(frame, field)) }
            self.trace.packets.frames.append(frame["fin"].isTrue ? 1 : 0)
        default:
            for field in kind.fields { self.trace.packets.frames.append(self.length(frame, field)) }
        }
        self.trace.packets.frames[place] = self.trace.packets.frames.count - place - 1
        if kind == .connectionClose { self.addClose(frame, isSent: isSent, now: now) }
        if kind == .handshakeDone { self.addConfirmation(now: now) }
    }

    /// -1 where the trace says nothing. Newer traces keep the length of a frame's payload in `raw`.
    private func length(_ frame: JSONValue, _ field: String) -> Int {
        if let count = frame[field].count { return count }
        guard field == "length" else { return -1 }
        return frame["raw"]["payload_length"].count ?? frame["raw"]["length"].count ?? -1
    }

    /// What is kept: the delay, the largest number, how many follow it downwards, then gap and length by turns, which
    /// is how the wire has them (RFC 9000 §19.3.1) and much shorter than the numbers.
    private mutating func addAcknowledgement(_ frame: JSONValue, of type: PacketType, isSent: Bool, now: Int) {
        let delay = frame["ack_delay"].number ?? 0
        self.trace.packets.frames.append(Int((min(max(delay, 0), 1e9) * 1_000).rounded()))
        var last: Int?
        for element in frame["acked_ranges"].elements.prefix(Self.mostRanges).reversedIfAscending {
            guard let range = element.ackRange else { continue }
            if !isSent, let space = type.space { self.settle(range, space, now: now) }
            if let smallest = last {
                guard range.upperBound < smallest else { continue }
                self.trace.packets.frames.append(smallest - range.upperBound)
            } else {
                self.trace.packets.frames.append(range.upperBound)
            }
            self.trace.packets.frames.append(range.upperBound - range.lowerBound)
            last = range.lowerBound
        }
    }

    private mutating func settle(_ range: ClosedRange<Int>, _ space: Int, now: Int) {
        self.ledgers[space].acknowledge(range) { packet in
            let wasLost = self.trace.packets.fates[packet] == .lost
            self.trace.packets.fates[packet] = wasLost ? .spurious : .acknowledged
            // Of a spurious loss the moment of the loss is kept: the plots mark it.
            if !wasLost { self.trace.packets.settled[packet] = now }
        }
    }
}

extension JSONValue {
    /// `[smallest, largest]`, or `[number]`.
    fileprivate var ackRange: ClosedRange<Int>? {
        let ends = self.elements
        guard let first = ends.first?.count ?? self.count, let last = ends.count > 1 ? ends[1].count : first,
            first <= last
        else { return nil }
        return first...last
    }
}

extension ArraySlice<JSONValue> {
    /// Some traces have the ranges in the order of the numbers, some in that of the wire, the largest first.
    fileprivate var reversedIfAscending: [JSONValue] {
        guard let first = self.first?.ackRange, let last = self.last?.ackRange,
            first.lowerBound < last.lowerBound
        else { return Array(self) }
        return self.reversed()
    }
}

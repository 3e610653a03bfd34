/// What a person asks first about a trace.
public struct TraceSummary: Sendable {
    /// Which end wrote it: client, server, or nothing.
    public let vantage: String
    /// How long it lasts, in seconds.
    public let duration: Double
    /// How many packets were sent.
    public let packetsSent: Int
    /// How many packets were received.
    public let packetsReceived: Int
    /// How many of those sent were declared lost.
    public let packetsLost: Int
    /// How many of those lost were acknowledged later.
    public let packetsLostWrongly: Int
    /// How many packets arrived and were thrown away.
    public let packetsDropped: Int
    /// Bytes in the packets sent.
    public let bytesSent: Int
    /// Bytes in the packets received.
    public let bytesReceived: Int
    /// Bytes of streams sent, each counted once.
    public let streamBytesSent: Int
    /// Bytes of streams received, each counted once.
    public let streamBytesReceived: Int
    /// How many streams carried data.
    public let streams: Int
    /// Bits of streams a second in the direction that moved more, from its first to its last packet.
    public let goodput: Double
    /// Seconds until the handshake was confirmed; nil where it was not.
    public let handshake: Double?
    /// The largest congestion window in bytes; nil where the trace has none.
    public let largestWindow: Int?
    /// The least round trip in milliseconds; nil where none was measured.
    public let minimumRTT: Double?
    /// The median of the round trips that were reported, in milliseconds.
    public let medianRTT: Double?
    /// Who closed the connection, and why; nil where the trace does not say.
    public let close: String?

    /// Sums up a trace.
    public init(_ trace: QlogTrace) {
        var flow = StreamFlow()
        let packets = trace.packets
        var (sent, received, bytesSent, bytesReceived, lost, spurious) = (0, 0, 0, 0, 0, 0)
        var place = 0
        for index in 0..<packets.count {
            let size = min(max(packets.sizes[index], 0), 1 << 16)
            if packets.isSent[index] { sent += 1 } else { received += 1 }
            if packets.isSent[index] { bytesSent += size } else { bytesReceived += size }
            if packets.fates[index] == .lost || packets.fates[index] == .spurious { lost += 1 }
            if packets.fates[index] == .spurious { spurious += 1 }
            for _ in 0..<packets.frameCounts[index] {
                let (kind, count) = (packets.frames[place], packets.frames[place + 1])
                if kind == FrameKind.stream.rawValue, count >= 3 {
                    flow.add(
                        stream: packets.frames[place + 2], offset: packets.frames[place + 3],
                        length: packets.frames[place + 4], isSent: packets.isSent[index], time: packets.times[index])
                }
                place += 2 + count
            }
        }
        self.vantage = trace.description.vantage
        self.duration = Double(trace.end - trace.shift) / 1e6
        (self.packetsSent, self.packetsReceived) = (sent, received)
        (self.packetsLost, self.packetsLostWrongly) = (lost, spurious)
        self.packetsDropped = trace.description.packetsDropped
        (self.bytesSent, self.bytesReceived) = (bytesSent, bytesReceived)
        (self.streamBytesSent, self.streamBytesReceived) = (flow.sent.bytes, flow.received.bytes)
        self.streams = flow.streams
        self.goodput = max(flow.sent, flow.received).rate
        self.handshake = trace.marks.first { $0.text == QlogTrace.confirmation }.map {
            Double($0.time - trace.shift) / 1e6
        }
        self.largestWindow = trace.series[QlogTrace.Quantity.congestionWindow.rawValue].values.max()
        let latest = trace.roundTrips
        let least = trace.series[QlogTrace.Quantity.minimumRTT.rawValue].values.min() ?? latest.min()
        self.minimumRTT = least.map { Double($0) / 1e3 }
        self.medianRTT = latest.isEmpty ? nil : Double(latest.sorted()[latest.count / 2]) / 1e3
        self.close = trace.marks.last { $0.text.hasPrefix("closed") }?.text
    }

    /// The share of the packets sent that were declared lost.
    public var lossRate: Double { Double(self.packetsLost) / Double(max(self.packetsSent, 1)) }
}

extension QlogTrace {
    static let confirmation = "handshake confirmed"
}

/// How far streams have come in each direction.
private struct StreamFlow {
    struct Direction: Comparable {
        var ends: [Int: Int] = [:]
        var bytes = 0
        var first: Int?
        var last = 0

        mutating func add(stream: Int, end: Int, time: Int) {
            let before = self.ends[stream] ?? 0
            self.first = self.first ?? time
            self.last = time
            guard end > before else { return }
            self.ends[stream] = end
            self.bytes = min(self.bytes &+ (end - before), 1 << 60)
        }

        var rate: Double {
            let time = self.last - (self.first ?? self.last)
            return time > 0 ? Double(self.bytes) * 8e6 / Double(time) : 0
        }

        static func < (one: Direction, other: Direction) -> Bool { one.bytes < other.bytes }
    }

    var sent = Direction()
    var received = Direction()

    var streams: Int { Set(self.sent.ends.keys).union(self.received.ends.keys).count }

    mutating func add(stream: Int, offset: Int, length: Int, isSent: Bool, time: Int) {
        let (end, overflow) = max(offset, 0).addingReportingOverflow(max(length, 0))
        guard !overflow, end < 1 << 60, stream >= 0 else { return }
        if isSent {
            self.sent.add(stream: stream, end: end, time: time)
        } else {
            self.received.add(stream: stream, end: end, time: time)
        }
    }
}

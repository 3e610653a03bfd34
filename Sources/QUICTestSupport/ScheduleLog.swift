import QUICEngine

/// Everything that happened on a network: all of it as a hash, and the latest part of it line by line.
struct ScheduleLog {
    private(set) var digest = FNVHash()
    private var ring: [TraceLine] = []
    private var oldest = 0

    /// How many lines are kept; zero keeps none.
    var limit = 0 {
        didSet {
            let kept = self.lines.suffix(max(self.limit, 0))
            self.ring = Array(kept)
            self.oldest = 0
        }
    }

    /// The latest lines, oldest first.
    var lines: [TraceLine] { Array(self.ring[self.oldest...] + self.ring[..<self.oldest]) }

    mutating func record(_ event: PacketEvent, of packet: SimulatedPacket, at nanoseconds: UInt64) {
        let size = packet.bytes.count
        self.digest.absorb(nanoseconds)
        self.digest.absorb(packet.source)
        self.digest.absorb(packet.destination)
        self.digest.absorb(UInt64(size) << 8 | UInt64(event.rawValue))

        guard self.limit > 0 else { return }
        let line = TraceLine(
            time: EngineInstant(nanoseconds: nanoseconds), index: packet.index,
            path: NetworkPath(local: packet.source, remote: packet.destination), size: size, event: event)
        if self.ring.count < self.limit {
            self.ring.append(line)
        } else {
            self.ring[self.oldest] = line
            self.oldest = (self.oldest + 1) % self.limit
        }
    }
}

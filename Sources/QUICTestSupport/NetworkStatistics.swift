/// What became of the packets of a network or of one direction of it.
public struct NetworkStatistics: Sendable, Equatable {
    /// Creates figures of nothing.
    public init() {}

    /// Packets that endpoints sent.
    public internal(set) var sent = 0
    /// Packets that arrived, copies included.
    public internal(set) var delivered = 0
    /// Packets that the link lost one by one.
    public internal(set) var lost = 0
    /// Packets that the link lost in bursts.
    public internal(set) var burstLost = 0
    /// Packets that found no room in the queue.
    public internal(set) var queueDropped = 0
    /// Packets larger than the path's MTU.
    public internal(set) var tooLarge = 0
    /// Packets between partitioned hosts.
    public internal(set) var partitioned = 0
    /// Packets to addresses that nobody can reach.
    public internal(set) var unreachable = 0
    /// Packets to addresses that a NAT has given up.
    public internal(set) var unbound = 0
    /// Packets that the filter dropped.
    public internal(set) var filtered = 0
    /// Packets that were in flight when everything in flight was dropped.
    public internal(set) var discarded = 0
    /// Copies that the network made.
    public internal(set) var duplicated = 0
    /// Packets that arrived after one of the same link that was sent later (RFC 4737 §3).
    public internal(set) var reordered = 0
    /// Packets that went on with flipped bits.
    public internal(set) var corrupted = 0
    /// Packets that were marked CE.
    public internal(set) var marked = 0
    /// Bytes of the packets that endpoints sent.
    public internal(set) var bytesSent = 0
    /// Bytes of the packets that arrived.
    public internal(set) var bytesDelivered = 0

    /// Packets that did not arrive and never will, whatever the reason.
    public var vanished: Int {
        self.lost + self.burstLost + self.queueDropped + self.tooLarge + self.partitioned + self.unreachable
            + self.unbound + self.filtered + self.discarded
    }

    /// Packets still on their way.
    public var inFlight: Int { self.sent + self.duplicated - self.delivered - self.vanished }

    mutating func count(_ event: PacketEvent) {
        switch event {
        case .scheduled: break
        case .duplicated: self.duplicated += 1
        case .delivered: self.delivered += 1
        case .lost: self.lost += 1
        case .burstLost: self.burstLost += 1
        case .queueDropped: self.queueDropped += 1
        case .tooLarge: self.tooLarge += 1
        case .partitioned: self.partitioned += 1
        case .unreachable: self.unreachable += 1
        case .unbound: self.unbound += 1
        case .filtered: self.filtered += 1
        case .discarded: self.discarded += 1
        }
    }
}

extension NetworkStatistics: CustomStringConvertible {
    /// The counters that are not zero.
    public var description: String {
        let counters = [
            ("sent", self.sent), ("delivered", self.delivered), ("lost", self.lost), ("lost in bursts", self.burstLost),
            ("dropped by the queue", self.queueDropped), ("too large", self.tooLarge),
            ("partitioned", self.partitioned), ("unreachable", self.unreachable), ("unbound", self.unbound),
            ("filtered", self.filtered), ("discarded", self.discarded), ("duplicated", self.duplicated),
            ("reordered", self.reordered), ("corrupted", self.corrupted), ("marked", self.marked),
            ("B sent", self.bytesSent), ("B delivered", self.bytesDelivered),
        ]
        return counters.filter { $0.1 != 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    }
}

/// The places that the peer has for streams of one direction (RFC 9000 §4.6), and those that came free again.
struct StreamPlaces {
    private let limit: UInt64
    /// How many streams the peer may have opened since the beginning.
    private var granted: UInt64
    /// How many it has opened, as far as we know.
    private var opened: UInt64 = 0
    /// Places of streams that are over, which it has not been given back yet.
    private var vacant: UInt64 = 0

    init(limit: UInt64) {
        self.limit = limit
        self.granted = limit
    }

    var hasVacancies: Bool { self.vacant > 0 }

    /// Notes a stream of the peer. One number opens all below it, too (RFC 9000 §3.2).
    mutating func open(_ id: StreamID) {
        self.opened = max(self.opened, UInt64(clamping: id.rawValue) / 4 + 1)
    }

    /// Notes that a stream of the peer is over.
    mutating func vacate() { self.vacant += 1 }

    /// How many places are to be given back now.
    ///
    /// A quarter at a time: one by one, each would cost a packet of its own (MAX_STREAMS), and the peer one to acknowledge
    /// it. But no more are kept than the peer has left, or with many streams that stay it could open no other for ever.
    mutating func giveBack() -> Int {
        let left = self.granted > self.opened ? self.granted - self.opened : 0
        guard self.vacant > 0, self.vacant >= min(self.limit / 4, left) else { return 0 }
        defer { self.vacant = 0 }
        self.granted &+= self.vacant
        return Int(clamping: self.vacant)
    }
}

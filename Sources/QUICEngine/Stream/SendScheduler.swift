/// Decides which stream's data is offered next (RFC 9218 §10, with a bound against starvation).
///
/// The most urgent class goes first. Inside a class, incremental streams take turns of a few packets; others are
/// served to their end in the order in which they became ready. A class that waits gets one packet after at most
/// `starvationBound` packets of more urgent ones, plus one packet of every other class that is due by then.
///
/// A turn is one packet while the congestion window is small, and up to ``longestTurn`` where the window has room for
/// many turns: each costs the sender a look here and the receiver a task to be woken.
///
/// ngtcp2 has no priorities: it sends what it is offered, so this is the whole mechanism.
struct SendScheduler {
    static let longestTurn = 64

    let starvationBound: Int
    /// How many packets one of several incremental streams may fill before the next has its turn.
    private(set) var packetsPerTurn = 1
    private var rings: [RingBuffer<StreamEntry>] = Array(repeating: RingBuffer(), count: 8)
    /// Bit n is set when ring n is not empty.
    private var occupied: UInt8 = 0
    /// How many packets went to more urgent classes while a class waited.
    private var passedOver: [Int] = Array(repeating: 0, count: 8)

    init(starvationBound: Int) { self.starvationBound = max(starvationBound, 1) }

    /// Follows the congestion window: a turn is a thirty-second of it.
    mutating func adapt(toWindow packets: Int) { self.packetsPerTurn = min(max(packets / 32, 1), Self.longestTurn) }

    /// Puts an entry in line if it has something to send and is not in line already.
    mutating func schedule(_ entry: StreamEntry) {
        guard entry.hasSomethingToSend, !entry.isBlocked else { return }
        entry.isReady = true
        guard !entry.isQueued else { return }
        entry.isQueued = true
        self.append(entry)
    }

    /// Changes who is served first: an entry in line moves to the end of its new class at once.
    mutating func setPriority(_ priority: StreamPriority, of entry: StreamEntry) {
        let old = entry.priority.urgency
        entry.priority = priority
        guard entry.isQueued, old != priority.urgency else { return }
        self.rings[old].removeFirst { $0 === entry }
        if entry.isReady { self.append(entry) } else { entry.isQueued = false }
    }

    /// Takes an entry out of line; its place in the ring is swept when it comes up.
    mutating func unschedule(_ entry: StreamEntry) { entry.isReady = false }

    /// The stream to serve now. The same one is returned until something changes.
    mutating func next() -> StreamEntry? {
        while self.occupied != 0 {
            let urgency = self.urgencyToServe
            guard let entry = self.rings[urgency].first else {
                self.occupied &= ~(1 << UInt8(urgency))
                self.passedOver[urgency] = 0
                continue
            }
            if entry.isReady { return entry }
            self.rings[urgency].popFirst()
            entry.isQueued = false
        }
        return nil
    }

    /// The first stream in line that has only its end to send, which needs no window.
    func nextEnd() -> StreamEntry? {
        for ring in self.rings {
            for index in 0..<ring.count {
                guard let entry = ring[index], entry.isReady, entry.sendQueue.unsent == 0 else { continue }
                return entry
            }
        }
        return nil
    }

    /// How many packets `entry` may fill before somebody else has to be asked.
    func packetsBeforeNextTurn(of entry: StreamEntry) -> Int {
        let isAlone = self.occupied & (self.occupied &- 1) == 0
        guard isAlone else { return 1 }
        return entry.priority.isIncremental && self.rings[entry.priority.urgency].count > 1
            ? self.packetsPerTurn : .max
    }

    /// Packets of one turn were filled with data of `entry`: others of its class, and starving classes, come next.
    mutating func didSendPacket(of entry: StreamEntry) {
        let urgency = entry.priority.urgency
        if self.occupied & (self.occupied &- 1) != 0 { self.noteWaiting(except: urgency) }
        guard entry.priority.isIncremental, self.rings[urgency].count > 1 else { return }
        guard self.rings[urgency].first === entry else { return }
        self.rings[urgency].popFirst()
        self.append(entry)
    }

    mutating func removeAll() {
        for urgency in 0..<8 {
            while let entry = self.rings[urgency].popFirst() { entry.isQueued = false }
            self.passedOver[urgency] = 0
        }
        self.occupied = 0
    }

    private var urgencyToServe: Int {
        let top = self.occupied.trailingZeroBitCount
        guard self.occupied & (self.occupied &- 1) != 0 else { return top }
        for urgency in (top + 1)..<8 where self.isWaiting(urgency) && self.passedOver[urgency] >= self.starvationBound {
            return urgency
        }
        return top
    }

    private func isWaiting(_ urgency: Int) -> Bool { self.occupied & (1 << UInt8(urgency)) != 0 }

    private mutating func noteWaiting(except served: Int) {
        self.passedOver[served] = 0
        for urgency in 0..<8 where urgency > served && self.isWaiting(urgency) { self.passedOver[urgency] += 1 }
    }

    private mutating func append(_ entry: StreamEntry) {
        self.rings[entry.priority.urgency].append(entry)
        self.occupied |= 1 << UInt8(entry.priority.urgency)
    }
}

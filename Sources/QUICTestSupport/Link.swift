import QUICEngine

/// One direction between two hosts: its conditions, its queue and its own sequence of random numbers.
final class Link {
    var conditions: LinkConditions {
        didSet { if self.conditions != oldValue { self.timing = Timing(self.conditions) } }
    }
    var statistics = NetworkStatistics()
    /// The index of the latest-sent packet that has arrived.
    private var newestDelivered = -1

    private let random: SeededRandomness
    private var timing: Timing
    private var isInBadState = false
    /// When the serialiser will have sent everything it was given.
    private var busyUntil: UInt64 = 0
    private var latestArrival: UInt64 = 0

    init(conditions: LinkConditions, seed: UInt64) {
        self.conditions = conditions
        self.timing = Timing(conditions)
        self.random = SeededRandomness(seed: seed)
    }

    /// What the link does with one packet.
    struct Passage {
        var event = PacketEvent.scheduled
        var arrival: UInt64 = 0
        var duplicateArrival: UInt64?
        var isMarked = false
        var corruptionSeed: UInt64?
    }

    /// Decides about a packet that is sent at `now`; the order is size limit, queue and serialiser, wire.
    func pass(size: Int, ecn: ECN, at now: UInt64, duplicating: Bool, extraDelay: Duration) -> Passage {
        // Before anything is decided, so that a packet that goes no further takes as many numbers as one that does.
        let dice = PacketDice(from: self.random)
        self.changeState(dice)

        var passage = Passage()
        if let limit = self.conditions.maximumDatagramSize, size > limit {
            passage.event = .tooLarge
            return passage
        }
        let waiting = self.bytesWaiting(at: now)
        if waiting > 0, waiting + Double(size) > Double(self.conditions.queueLimit) {
            passage.event = .queueDropped
            return passage
        }
        let departure = self.serialise(size, at: now)

        if self.isInBadState, let burstLoss = self.conditions.burstLoss, dice.burstLoss < burstLoss.lossInBadState {
            passage.event = .burstLost
            return passage
        }
        if dice.loss < self.conditions.loss {
            passage.event = .lost
            return passage
        }
        passage.isMarked = self.marks(ecn, waiting: waiting, dice)
        if dice.corruption < self.conditions.corruption { passage.corruptionSeed = dice.corruptionSeed }
        passage.arrival = self.arrival(departing: departure, extraDelay: extraDelay, dice)
        if duplicating || dice.duplication < self.conditions.duplication {
            passage.duplicateArrival = passage.arrival + self.timing.jitter(dice.duplicateJitter)
        }
        return passage
    }

    /// Notes that a packet arrived and tells whether one that was sent later has come before it.
    func isReordered(packetAt index: Int) -> Bool {
        if index < self.newestDelivered { return true }
        self.newestDelivered = index
        return false
    }

    /// Gilbert–Elliott: the state changes between packets, not with time.
    private func changeState(_ dice: PacketDice) {
        guard let burstLoss = self.conditions.burstLoss else { return self.isInBadState = false }
        let probability = self.isInBadState ? burstLoss.leaveProbability : burstLoss.enterProbability
        if dice.burst < probability { self.isInBadState.toggle() }
    }

    /// What the serialiser has yet to send, the rest of the packet it is at included.
    private func bytesWaiting(at now: UInt64) -> Double {
        guard let bandwidth = self.conditions.bandwidth, self.busyUntil > now else { return 0 }
        return Double(self.busyUntil - now) * Double(bandwidth) / 8e9
    }

    /// Queues the packet and returns when its last bit is on the wire.
    private func serialise(_ size: Int, at now: UInt64) -> UInt64 {
        guard let bandwidth = self.conditions.bandwidth else { return now }
        let start = max(now, self.busyUntil)
        self.busyUntil = start + UInt64(size) * 8_000_000_000 / UInt64(max(bandwidth, 1))
        return self.busyUntil
    }

    private func marks(_ ecn: ECN, waiting: Double, _ dice: PacketDice) -> Bool {
        guard ecn == .ect0 || ecn == .ect1, !self.conditions.bleachesECN else { return false }
        if let threshold = self.conditions.markAboveQueue, waiting > Double(threshold) { return true }
        return dice.marking < self.conditions.ecnMarking
    }

    private func arrival(departing departure: UInt64, extraDelay: Duration, _ dice: PacketDice) -> UInt64 {
        var arrival = departure + self.timing.delay + self.timing.jitter(dice.jitter)
        if self.conditions.keepsOrder { arrival = max(arrival, self.latestArrival) }
        // Packets that are held back must not hold back the ones that are to overtake them.
        self.latestArrival = max(self.latestArrival, arrival)
        if dice.reordering < self.conditions.reordering { arrival += self.timing.reorderingDelay }
        return arrival + Timing.nanoseconds(extraDelay)
    }
}

extension Link {
    /// The durations of the conditions in nanoseconds, worked out once because `Duration` is slow to take apart.
    private struct Timing {
        let delay: UInt64
        let longestJitter: UInt64
        let reorderingDelay: UInt64

        init(_ conditions: LinkConditions) {
            self.delay = Self.nanoseconds(conditions.delay)
            self.longestJitter = Self.nanoseconds(conditions.jitter)
            self.reorderingDelay = Self.nanoseconds(conditions.reorderingDelay)
        }

        /// At most a century, so that sums of a few durations cannot overflow.
        static func nanoseconds(_ duration: Duration) -> UInt64 {
            min(duration.clampedNanoseconds, 3_155_760_000_000_000_000)
        }

        func jitter(_ fraction: Double) -> UInt64 {
            self.longestJitter == 0 ? 0 : UInt64(fraction * Double(self.longestJitter))
        }
    }
}

/// The packets on their way, handed out by arrival time and, among equal times, in the order they were put in.
struct PacketsInFlight {
    /// The heap moves these small keys about; the packets stay where they are.
    private struct Arrival: Comparable {
        let time: UInt64
        let sequence: UInt64
        let slot: Int

        static func < (lhs: Self, rhs: Self) -> Bool {
            lhs.time != rhs.time ? lhs.time < rhs.time : lhs.sequence < rhs.sequence
        }
    }

    private var arrivals = PriorityHeap<Arrival>()
    private var packets: [SimulatedPacket?] = []
    private var freeSlots: [Int] = []
    private var nextSequence: UInt64 = 0

    var count: Int { self.arrivals.count }

    /// When the next packet arrives, in nanoseconds.
    var nextArrival: UInt64? { self.arrivals.first?.time }

    mutating func insert(_ packet: SimulatedPacket, arrivingAt time: UInt64) {
        let slot: Int
        if let free = self.freeSlots.popLast() {
            slot = free
            self.packets[slot] = packet
        } else {
            slot = self.packets.count
            self.packets.append(packet)
        }
        self.arrivals.insert(Arrival(time: time, sequence: self.nextSequence, slot: slot))
        self.nextSequence += 1
    }

    mutating func popFirst() -> (packet: SimulatedPacket, time: UInt64)? {
        guard let arrival = self.arrivals.popFirst() else { return nil }
        var taken: SimulatedPacket?
        swap(&taken, &self.packets[arrival.slot])
        self.freeSlots.append(arrival.slot)
        return taken.map { ($0, arrival.time) }
    }
}

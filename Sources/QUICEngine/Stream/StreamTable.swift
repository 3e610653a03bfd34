/// The streams of one connection, and the lists of those that want something done.
final class StreamTable {
    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) private var entries: [StreamID: StreamEntry] = [:]
    /// Streams with consumed bytes whose credit is to be returned.
    @safe @exclusivity(unchecked) private var creditors: [StreamEntry] = []
    @safe @exclusivity(unchecked) var scheduler: SendScheduler
    /// What all streams have queued or in flight.
    let held = SendQueue.Total()
    /// Streams that the library has forgotten and replaced although the application has not seen them.
    var replacedCount = 0
    /// How many streams of the peer are over whose places it has not been given back yet.
    private var vacancies = (bidirectional: 0, unidirectional: 0)

    init(starvationBound: Int) { self.scheduler = SendScheduler(starvationBound: starvationBound) }

    var count: Int { self.entries.count }

    /// Notes that a stream of the peer is over, and returns how many places are to be given back now, of `limit` in all: a
    /// quarter at a time. One by one, each would cost a packet of its own (MAX_STREAMS), and the peer one to acknowledge it.
    func vacate(_ direction: StreamDirection, limit: UInt64) -> Int {
        func vacate(_ count: inout Int) -> Int {
            count += 1
            guard UInt64(count) >= max(limit / 4, 1) else { return 0 }
            defer { count = 0 }
            return count
        }
        return direction == .bidirectional
            ? vacate(&self.vacancies.bidirectional) : vacate(&self.vacancies.unidirectional)
    }

    subscript(id: StreamID) -> StreamEntry? { self.entries[id] }

    /// In ascending order, so that nothing depends on hashing.
    var allInOrder: [StreamEntry] { self.entries.values.sorted { $0.id < $1.id } }

    func insert(_ entry: StreamEntry) {
        self.entries[entry.id] = entry
        entry.sendQueue.join(self.held)
    }

    func remove(_ entry: StreamEntry) {
        if entry.isReplacedByLibrary, self.entries[entry.id] != nil { self.replacedCount -= 1 }
        self.scheduler.unschedule(entry)
        self.entries[entry.id] = nil
        entry.sendQueue.join(SendQueue.Total())
    }

    /// Notes that the peer may send `count` more bytes on `entry`.
    func returnCredit(_ count: Int, to entry: StreamEntry) {
        guard count > 0 else { return }
        if entry.credit == 0 { self.creditors.append(entry) }
        entry.credit &+= UInt64(count)
    }

    var hasCreditors: Bool { !self.creditors.isEmpty }

    func forEachCreditor(_ body: (StreamEntry) -> Void) {
        for entry in self.creditors { body(entry) }
        self.creditors.removeAll(keepingCapacity: true)
    }

    /// The connection is over. What arrived can still be read; everything else goes.
    func keepUnread(to pool: ChunkPool) {
        self.scheduler.removeAll()
        self.creditors.removeAll()
        for entry in self.allInOrder {
            entry.absorb()
            entry.sendQueue.removeAll(to: pool)
            entry.isClosedByTransport = true
            if entry.receiveQueue.count == 0, entry.receiving.canReceive || entry.receiving.isFinal {
                self.entries[entry.id] = nil
            }
        }
    }

    func removeAll(to pool: ChunkPool) {
        self.scheduler.removeAll()
        self.creditors.removeAll()
        for entry in self.entries.values {
            entry.sendQueue.removeAll(to: pool)
            _ = entry.receiveQueue.removeAll(to: pool)
        }
        self.entries.removeAll()
    }
}

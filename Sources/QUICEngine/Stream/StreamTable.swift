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
    /// What the peer may open.
    private var places: (bidirectional: StreamPlaces, unidirectional: StreamPlaces)

    init(_ limits: EngineConfiguration.StreamLimits) {
        self.scheduler = SendScheduler(starvationBound: limits.starvationBound)
        self.places = (StreamPlaces(limit: limits.bidirectional), StreamPlaces(limit: limits.unidirectional))
    }

    var count: Int { self.entries.count }

    /// Notes that a stream of the peer is over.
    func vacate(_ direction: StreamDirection) {
        if direction == .bidirectional {
            self.places.bidirectional.vacate()
        } else {
            self.places.unidirectional.vacate()
        }
    }

    var hasVacancies: Bool { self.places.bidirectional.hasVacancies || self.places.unidirectional.hasVacancies }

    /// How many places for streams the peer is to be given back now.
    func giveBackPlaces() -> (bidirectional: Int, unidirectional: Int) {
        (self.places.bidirectional.giveBack(), self.places.unidirectional.giveBack())
    }

    subscript(id: StreamID) -> StreamEntry? { self.entries[id] }

    /// In ascending order, so that nothing depends on hashing.
    var allInOrder: [StreamEntry] { self.entries.values.sorted { $0.id < $1.id } }

    func insert(_ entry: StreamEntry) {
        self.entries[entry.id] = entry
        entry.sendQueue.join(self.held)
        guard !entry.isLocal else { return }
        if entry.id.isBidirectional {
            self.places.bidirectional.open(entry.id)
        } else {
            self.places.unidirectional.open(entry.id)
        }
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

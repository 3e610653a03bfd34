/// The IDs that were retired not long ago, the first to be forgotten on top of a heap.
///
/// An ID has one place here or none: what is issued again leaves nothing behind. Entries stay in their slots and the
/// heap moves numbers, so that no look-up has to follow.
struct Tombstones {
    private struct Entry {
        var id: ConnectionID
        var expiry: EngineInstant
        var position: Int
    }

    /// How many are remembered; beyond it the ones that would be forgotten first go early.
    let limit: Int
    private var slots: ConnectionIDMap<Int> = .init()
    private var entries: [Entry] = []
    private var free: [Int] = []
    private var heap: [Int] = []

    init(limit: Int) { self.limit = max(limit, 0) }

    var count: Int { self.heap.count }

    func contains(_ id: ConnectionID) -> Bool { self.slots[id] != nil }

    func contains(word: UInt64) -> Bool { self.slots[word: word] != nil }

    mutating func insert(_ id: ConnectionID, until expiry: EngineInstant) {
        guard self.limit > 0 else { return }
        self.remove(id)
        if self.heap.count >= self.limit { self.remove(at: 0) }
        let entry = Entry(id: id, expiry: expiry, position: self.heap.count)
        let slot: Int
        if let unused = self.free.popLast() {
            slot = unused
            self.entries[slot] = entry
        } else {
            slot = self.entries.count
            self.entries.append(entry)
        }
        self.slots[id] = slot
        self.heap.append(slot)
        self.siftUp(from: self.heap.count - 1)
    }

    mutating func remove(_ id: ConnectionID) {
        guard let slot = self.slots[id] else { return }
        self.remove(at: self.entries[slot].position)
    }

    /// Costs one comparison where nothing expires.
    mutating func removeExpired(now: EngineInstant) {
        while let slot = self.heap.first, self.entries[slot].expiry <= now { self.remove(at: 0) }
    }

    private mutating func remove(at position: Int) {
        let slot = self.heap[position]
        self.slots[self.entries[slot].id] = nil
        self.free.append(slot)
        let last = self.heap.removeLast()
        guard position < self.heap.count else { return }
        self.place(last, at: position)
        self.siftUp(from: position)
        self.siftDown(from: self.entries[last].position)
    }

    private mutating func place(_ slot: Int, at position: Int) {
        self.heap[position] = slot
        self.entries[slot].position = position
    }

    private func expiry(at position: Int) -> EngineInstant { self.entries[self.heap[position]].expiry }

    private mutating func siftUp(from start: Int) {
        var position = start
        let slot = self.heap[start]
        while position > 0 {
            let parent = (position - 1) / 2
            guard self.entries[slot].expiry < self.expiry(at: parent) else { break }
            self.place(self.heap[parent], at: position)
            position = parent
        }
        self.place(slot, at: position)
    }

    private mutating func siftDown(from start: Int) {
        var position = start
        let slot = self.heap[start]
        while true {
            var child = 2 * position + 1
            guard child < self.heap.count else { break }
            if child + 1 < self.heap.count, self.expiry(at: child + 1) < self.expiry(at: child) { child += 1 }
            guard self.expiry(at: child) < self.entries[slot].expiry else { break }
            self.place(self.heap[child], at: position)
            position = child
        }
        self.place(slot, at: position)
    }
}

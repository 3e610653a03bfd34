internal import QUICEngine

/// Byte strings by server: bounded, the newest first, each given out once.
struct ServerCache {
    struct Entry: Equatable {
        let bytes: [UInt8]
        /// Nanoseconds since 1970.
        let storedAt: UInt64
    }

    private struct Shelf {
        var entries: [Entry]
        var lastUse: UInt64
    }

    private let limits: StoreLimits
    private var shelves: [ServerKey: Shelf] = [:]
    private var uses: UInt64 = 0

    init(limits: StoreLimits) { self.limits = limits }

    /// All that is kept, the servers in the order of their use, so that a copy forgets as this does.
    var all: [(server: ServerKey, entry: Entry)] {
        self.shelves.sorted { $0.value.lastUse < $1.value.lastUse }.flatMap { server, shelf in
            shelf.entries.map { (server, $0) }
        }
    }

    mutating func take(for server: ServerKey, now: UInt64) -> [UInt8]? {
        guard var shelf = self.shelves.removeValue(forKey: server) else { return nil }
        shelf.entries.removeAll { self.isOver($0, now) }
        guard let newest = shelf.entries.popLast() else { return nil }
        if !shelf.entries.isEmpty {
            shelf.lastUse = self.nextUse()
            self.shelves[server] = shelf
        }
        return newest.bytes
    }

    /// False where there is no room for such an entry at all.
    mutating func store(_ entry: Entry, for server: ServerKey, now: UInt64) -> Bool {
        guard self.limits.servers > 0, self.limits.entriesPerServer > 0, !entry.bytes.isEmpty,
            entry.bytes.count <= self.limits.entrySize, !self.isOver(entry, now)
        else { return false }
        let use = self.nextUse()
        if self.shelves[server] == nil { self.makeRoom(now) }
        var shelf = self.shelves.removeValue(forKey: server) ?? Shelf(entries: [], lastUse: use)
        shelf.lastUse = use
        shelf.entries.append(entry)
        if shelf.entries.count > self.limits.entriesPerServer {
            shelf.entries.removeFirst(shelf.entries.count - self.limits.entriesPerServer)
        }
        self.shelves[server] = shelf
        return true
    }

    /// Goes through all servers, but only when a new one comes to a full store.
    private mutating func makeRoom(_ now: UInt64) {
        guard self.shelves.count >= self.limits.servers else { return }
        self.shelves = self.shelves.filter { $0.value.entries.contains { !self.isOver($0, now) } }
        while self.shelves.count >= self.limits.servers,
            let oldest = self.shelves.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            self.shelves[oldest.key] = nil
        }
    }

    private func isOver(_ entry: Entry, _ now: UInt64) -> Bool {
        now > entry.storedAt && now - entry.storedAt >= self.limits.age.clampedNanoseconds
    }

    private mutating func nextUse() -> UInt64 {
        self.uses &+= 1
        return self.uses
    }
}

/// What a stream still has to send or to have acknowledged, in chunks that never move.
///
///     acknowledged ≤ committed ≤ written
///     ├─ gone ─────┼─ in flight ┼─ offered next ┤
///
/// ngtcp2 keeps pointers to committed bytes until the peer acknowledged them, so a chunk is freed only then.
struct SendQueue {
    /// Stream offsets of the three cursors.
    private(set) var acknowledged: UInt64 = 0
    private(set) var committed: UInt64 = 0
    private(set) var written: UInt64 = 0

    private var chunks = RingBuffer<Chunk>()
    /// The stream offset of the first byte of the first chunk.
    private var base: UInt64 = 0
    /// The stream offset behind the last byte of the last chunk.
    private var tail: UInt64 = 0
    /// The chunk that holds the committed cursor, and the stream offset at which it begins.
    private var cursorIndex = 0
    private var cursorBase: UInt64 = 0

    /// What the streams of one connection hold together.
    final class Total {
        // Of one thread: the runtime need not look for overlapping accesses at each packet.
        @safe @exclusivity(unchecked) fileprivate(set) var buffered = 0
        /// What of it was not sent once.
        @safe @exclusivity(unchecked) fileprivate(set) var unsent = 0

        fileprivate func add(_ buffered: Int, unsent: Int) {
            self.buffered += buffered
            self.unsent += unsent
        }
    }

    /// Where this queue's bytes are counted besides.
    private var total = Total()

    /// Counts this queue's bytes in `total` from now on.
    mutating func join(_ total: Total) {
        self.total.add(-self.buffered, unsent: -self.unsent)
        self.total = total
        self.total.add(self.buffered, unsent: self.unsent)
    }

    /// Bytes held: what counts against the stream's limit.
    var buffered: Int { Int(truncatingIfNeeded: self.written &- self.acknowledged) }
    var unsent: Int { Int(truncatingIfNeeded: self.written &- self.committed) }
    var isEmpty: Bool { self.acknowledged == self.written }

    /// Copies `bytes` behind what is queued.
    mutating func append(_ bytes: RawSpan, from pool: ChunkPool) {
        unsafe bytes.withUnsafeBytes { raw in
            guard var source = raw.baseAddress else { return }
            var left = raw.count
            while left > 0 {
                // The last chunk may have room: its written bytes stay where they are.
                let chunk = self.roomyLast ?? self.addChunk(fitting: left, from: pool)
                let taken = unsafe chunk.append(source, count: left)
                unsafe source += taken
                left -= taken
                self.written &+= UInt64(taken)
                self.total.add(taken, unsent: taken)
                self.tail &+= UInt64(taken)
            }
        }
    }

    /// Queues a filled chunk without copying. Nobody may write to it any more.
    mutating func append(_ chunk: Chunk) {
        guard chunk.count > 0 else { return }
        self.chunks.append(chunk)
        self.sealed = self.chunks.count
        self.written &+= UInt64(chunk.count)
        self.total.add(chunk.count, unsent: chunk.count)
        self.tail &+= UInt64(chunk.count)
    }

    /// The piece of memory that comes next (0), the one behind it (1), and so on; nil where there is no more.
    mutating func piece(_ index: Int) -> (address: UnsafeMutableRawPointer, count: Int)? {
        if index == 0 { self.advanceCursor() }
        guard let chunk = self.chunks[self.cursorIndex + index] else { return nil }
        let skip = index == 0 ? Int(truncatingIfNeeded: self.committed &- self.cursorBase) : 0
        guard chunk.count > skip else { return nil }
        return unsafe (chunk.storage + chunk.start + skip, chunk.count - skip)
    }

    mutating func commit(_ count: Int) {
        let count = min(max(count, 0), self.unsent)
        self.committed &+= UInt64(count)
        self.total.add(0, unsent: -count)
    }

    /// Everything before `end` arrived: its chunks go back to the pool.
    mutating func acknowledge(upTo end: UInt64, to pool: ChunkPool) {
        guard end > self.acknowledged else { return }
        let before = self.buffered
        self.acknowledged = min(end, self.committed)
        self.total.add(self.buffered - before, unsent: 0)
        while let size = self.chunks.first?.count, self.base &+ UInt64(size) <= self.acknowledged {
            self.dropFirst(size: UInt64(size), to: pool)
        }
    }

    /// Forgets what ngtcp2 has not seen yet: the stream was reset. Committed bytes stay until it lets go of them.
    mutating func discardUnsent(to pool: ChunkPool) {
        while let last = self.chunks.last, self.tail &- UInt64(last.count) >= self.committed {
            self.tail &-= UInt64(last.count)
            if let chunk = self.chunks.popLast() { pool.giveBack(chunk) }
        }
        self.total.add(-self.unsent, unsent: -self.unsent)
        self.written = self.committed
    }

    /// Frees every chunk. Only when ngtcp2 holds no pointer any more.
    mutating func removeAll(to pool: ChunkPool) {
        while let chunk = self.chunks.popFirst() { pool.giveBack(chunk) }
        self.total.add(-self.buffered, unsent: -self.unsent)
        self.acknowledged = self.written
        self.committed = self.written
        self.base = self.written
        self.tail = self.written
        self.cursorIndex = 0
        self.cursorBase = self.written
        self.sealed = 0
    }

    /// Hands the chunks back, from the first byte: 0-RTT was refused, nothing of it was delivered.
    mutating func takeAll() -> [Chunk] {
        var all: [Chunk] = []
        while let chunk = self.chunks.popFirst() { all.append(chunk) }
        self.total.add(-self.buffered, unsent: -self.unsent)
        self = SendQueue()
        return all
    }

    /// Grows with every chunk, as the receiving side's does.
    private var sizeClass = ChunkPool.SizeClass.small
    /// How many chunks from the front must not be written to: they came from the application.
    private var sealed = 0

    private var roomyLast: Chunk? {
        guard self.sealed < self.chunks.count, let last = self.chunks.last, last.room > 0 else { return nil }
        return last
    }

    private mutating func addChunk(fitting count: Int, from pool: ChunkPool) -> Chunk {
        let sizeClass = ChunkPool.SizeClass.fitting(count, atLeast: self.sizeClass)
        self.sizeClass = sizeClass.next
        let chunk = pool.take(sizeClass)
        self.chunks.append(chunk)
        return chunk
    }

    private mutating func advanceCursor() {
        while let chunk = self.chunks[self.cursorIndex], self.cursorBase &+ UInt64(chunk.count) <= self.committed,
            self.cursorIndex + 1 < self.chunks.count
        {
            self.cursorBase &+= UInt64(chunk.count)
            self.cursorIndex += 1
        }
    }

    private mutating func dropFirst(size: UInt64, to pool: ChunkPool) {
        self.base &+= size
        self.sealed = max(self.sealed - 1, 0)
        if self.cursorIndex > 0 { self.cursorIndex -= 1 } else { self.cursorBase = self.base }
        if let chunk = self.chunks.popFirst() { pool.giveBack(chunk) }
    }
}

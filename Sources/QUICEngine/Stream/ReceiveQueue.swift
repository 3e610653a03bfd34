/// Bytes of a stream that arrived in order and were not read yet. A call-back of C appends; that is the one copy.
struct ReceiveQueue {
    private var chunks = RingBuffer<Chunk>()
    /// How many bytes wait for the reader: never more than the window that was granted.
    private(set) var count = 0
    /// Grows with every chunk: a short stream costs little, a fast one has few chunks to look after.
    private var sizeClass = ChunkPool.SizeClass.small

    mutating func append(_ source: UnsafePointer<UInt8>, count: Int, from pool: ChunkPool) {
        var source = unsafe UnsafeRawPointer(source)
        var left = count
        while left > 0 {
            let chunk = self.roomyLast ?? self.addChunk(fitting: left, from: pool)
            let taken = unsafe chunk.append(source, count: left)
            unsafe source += taken
            left -= taken
        }
        self.count += count
    }

    /// Counts bytes that were written into the last chunk from outside.
    mutating func absorb(_ count: Int) {
        guard count > 0, let last = self.chunks.last else { return }
        last.advance(by: count)
        self.count += count
    }

    /// The chunk that the next bytes go into, if it has room.
    var openChunk: Chunk? { self.roomyLast }

    /// Takes the first chunk out, without copying.
    mutating func popChunk() -> Chunk? {
        guard let chunk = self.chunks.popFirst() else { return nil }
        self.count -= chunk.count
        self.noteUse(of: chunk)
        return chunk
    }

    /// The chunk that is read next.
    var firstChunk: Chunk? { self.chunks.first }

    /// Counts bytes off that the first chunk has forgotten, and gives it back once it is empty.
    mutating func forget(_ count: Int, to pool: ChunkPool) {
        self.count -= count
        guard count > 0, self.chunks.first?.count == 0, let empty = self.chunks.popFirst() else { return }
        self.noteUse(of: empty)
        pool.giveBack(empty)
    }

    /// Copies bytes into `target` and returns how many.
    mutating func read(into target: inout MutableRawSpan, to pool: ChunkPool) -> Int {
        unsafe target.withUnsafeMutableBytes { raw in
            guard var cursor = raw.baseAddress else { return 0 }
            var left = raw.count
            var total = 0
            while left > 0, let taken = unsafe self.chunks.first?.read(into: cursor, count: left) {
                unsafe cursor += taken
                left -= taken
                total += taken
                guard self.chunks.first?.count == 0, let empty = self.chunks.popFirst() else { continue }
                self.noteUse(of: empty)
                pool.giveBack(empty)
            }
            self.count -= total
            return total
        }
    }

    /// Drops everything and returns how many bytes that were.
    mutating func removeAll(to pool: ChunkPool) -> Int {
        while let chunk = self.chunks.popFirst() { pool.giveBack(chunk) }
        defer { self.count = 0 }
        return self.count
    }

    /// A chunk that was read while mostly empty was too large: the next one is smaller.
    private mutating func noteUse(of chunk: Chunk) {
        guard chunk.end * 4 <= chunk.sizeClass.capacity else { return }
        self.sizeClass = chunk.sizeClass.previous
    }

    private var roomyLast: Chunk? {
        guard let last = self.chunks.last, last.room > 0 else { return nil }
        return last
    }

    private mutating func addChunk(fitting count: Int, from pool: ChunkPool) -> Chunk {
        let sizeClass = ChunkPool.SizeClass.fitting(count, atLeast: self.sizeClass)
        self.sizeClass = sizeClass.next
        let chunk = pool.take(sizeClass)
        self.chunks.append(chunk)
        return chunk
    }
}

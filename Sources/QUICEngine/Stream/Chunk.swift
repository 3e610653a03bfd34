/// A piece of stream data at an address that never changes: the only place where payload bytes live.
///
/// A chunk that was handed out is read-only; its storage goes back to the pool when the last reference goes.
///
///     let sum = chunk.withBytes { bytes in
///         bytes.byteOffsets.reduce(0) { $0 + Int(unsafe bytes.unsafeLoad(fromByteOffset: $1, as: UInt8.self)) }
///     }
@safe public final class Chunk: @unchecked Sendable {
    // Sendable because a chunk has one writer, the engine, which stops writing before it hands it out.
    let storage: UnsafeMutableRawPointer
    let sizeClass: ChunkPool.SizeClass
    /// Nil while the chunk lies idle in its pool: it must not keep the pool alive.
    private var pool: ChunkPool?
    /// Where the unread bytes start and where the written ones end.
    private(set) var start = 0
    private(set) var end = 0

    init(storage: UnsafeMutableRawPointer, sizeClass: ChunkPool.SizeClass, pool: ChunkPool) {
        unsafe self.storage = unsafe storage
        self.sizeClass = sizeClass
        self.pool = pool
    }

    deinit {
        if let pool = self.pool {
            unsafe pool.recycle(self.storage, self.sizeClass)
        } else {
            unsafe self.storage.deallocate()
        }
    }

    /// How many bytes the chunk holds.
    public var count: Int { self.end - self.start }

    /// Lends the bytes to `body`.
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(unsafe RawSpan(_unsafeStart: self.storage + self.start, byteCount: self.count))
    }

    /// A copy of the bytes.
    public var bytes: [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: self.storage + self.start, count: self.count))
    }

    /// Copies bytes behind those that are there, as many as fit; returns how many. Only for whoever made the chunk, before
    /// anybody else sees it.
    package func append(copying bytes: RawSpan) -> Int {
        unsafe bytes.withUnsafeBytes { raw in
            guard let source = raw.baseAddress else { return 0 }
            return unsafe self.append(source, count: raw.count)
        }
    }

    /// Moves bytes from the front into `target` behind `offset`, as many as fit; returns how many. Only for the one who
    /// holds the chunk.
    package func consume(into target: inout MutableRawSpan, at offset: Int) -> Int {
        unsafe target.withUnsafeMutableBytes { raw in
            guard let start = raw.baseAddress, offset >= 0, offset < raw.count else { return 0 }
            return unsafe self.read(into: start + offset, count: raw.count - offset)
        }
    }

    /// Lends the bytes and forgets as many as `body` says; returns how many those were. Only for the one who holds the
    /// chunk.
    package func lend(_ body: (RawSpan) -> Int) -> Int {
        let used = min(max(self.withBytes(body), 0), self.count)
        self.consume(used)
        return used
    }

    /// Forgets `count` bytes at the front. Only for the one who holds the chunk.
    package func consume(_ count: Int) { self.start += min(max(count, 0), self.count) }

    /// Gives the chunk back with its object, so that the next one costs no allocation: for whoever has used it up.
    package static func giveBack(_ chunk: consuming Chunk) {
        guard let pool = chunk.pool else { return }
        pool.giveBack(consume chunk)
    }

    package var room: Int { self.sizeClass.capacity - self.end }

    /// Copies as many bytes as fit and returns how many they were.
    func append(_ source: UnsafeRawPointer, count: Int) -> Int {
        let taken = min(count, self.room)
        unsafe (self.storage + self.end).copyMemory(from: source, byteCount: taken)
        self.end += taken
        return taken
    }

    /// Counts bytes that were written behind the end from outside.
    func advance(by count: Int) { self.end += min(count, self.room) }

    /// Copies bytes out into `target` and forgets them; returns how many.
    func read(into target: UnsafeMutableRawPointer, count: Int) -> Int {
        let taken = min(count, self.count)
        unsafe target.copyMemory(from: self.storage + self.start, byteCount: taken)
        self.start += taken
        return taken
    }

    func belongs(to pool: ChunkPool) -> Bool { self.pool === pool }

    func becomeIdle() {
        self.start = 0
        self.end = 0
        self.pool = nil
    }

    func becomeLive(in pool: ChunkPool) { self.pool = pool }
}

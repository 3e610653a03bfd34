internal import Synchronization

/// Where chunks come from and go back to. One pool serves all engines of an event loop.
///
/// Any thread may give a chunk back; only the loop's thread takes chunks, so the lock is hardly ever contended.
@safe public final class ChunkPool: Sendable {
    enum SizeClass: Int, CaseIterable {
        // Small ones keep ten thousand short streams cheap, large ones keep a fast stream's bookkeeping rare.
        case small, medium, large, huge
        var capacity: Int {
            switch self {
            case .small: 256
            case .medium: 2_048
            case .large: 16_384
            case .huge: 65_536
            }
        }
        /// The smallest class that holds `count` bytes, but at least `minimum`.
        static func fitting(_ count: Int, atLeast minimum: SizeClass = .small) -> SizeClass {
            let needed: SizeClass = count <= 256 ? .small : count <= 2_048 ? .medium : count <= 16_384 ? .large : .huge
            return needed.rawValue > minimum.rawValue ? needed : minimum
        }

        /// The next smaller class: a stream whose chunks are read half empty gets smaller ones.
        var previous: SizeClass { SizeClass(rawValue: self.rawValue - 1) ?? .small }

        /// The next larger class: a stream that filled a chunk gets a larger one.
        var next: SizeClass { SizeClass(rawValue: self.rawValue + 1) ?? .huge }
    }

    private struct State: ~Copyable {
        var idleObjects: [[Chunk]] = [[], [], [], []]
        var idleStorage: [[StoragePointer]] = [[], [], [], []]
        var idleBytes = 0
        var live = 0
        var liveBytes = 0

        mutating func release(_ sizeClass: SizeClass) {
            self.live -= 1
            self.liveBytes -= sizeClass.capacity
        }
    }

    /// Raw storage on its way between threads; nobody reads it while it is idle.
    @safe private struct StoragePointer: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private let state = Mutex(State())
    private let idleLimit: Int

    /// Creates a pool that keeps at most `idleLimit` bytes for later use.
    public init(idleLimit: Int = 4 << 20) { self.idleLimit = max(idleLimit, 0) }

    deinit {
        self.state.withLock { state in
            for list in state.idleStorage { for storage in list { unsafe storage.pointer.deallocate() } }
        }
    }

    /// How many chunks are in use: queued, staged or in the hands of the application.
    public var liveChunks: Int { self.state.withLock { $0.live } }

    /// The storage of the chunks that are in use.
    public var liveBytes: Int { self.state.withLock { $0.liveBytes } }

    /// The storage that waits for the next `take`.
    var idleBytes: Int { self.state.withLock { $0.idleBytes } }

    /// Copies `bytes` into chunks that can be handed to ``ConnectionEngine/write(_:to:)-(Chunk,_)``.
    public func makeChunk(copying bytes: RawSpan) -> [Chunk] {
        var chunks: [Chunk] = []
        unsafe bytes.withUnsafeBytes { raw in
            guard var source = raw.baseAddress else { return }
            var left = raw.count
            while left > 0 {
                let chunk = self.take(.fitting(left))
                let taken = unsafe chunk.append(source, count: left)
                unsafe source += taken
                left -= taken
                chunks.append(chunk)
            }
        }
        return chunks
    }

    /// An empty chunk with room for `count` bytes, or for as many as the largest chunk holds.
    package func makeEmptyChunk(fitting count: Int) -> Chunk { self.take(.fitting(count)) }

    func take(_ sizeClass: SizeClass) -> Chunk {
        let (chunk, storage) = self.state.withLock { state -> (Chunk?, StoragePointer?) in
            state.live += 1
            state.liveBytes += sizeClass.capacity
            if let chunk = state.idleObjects[sizeClass.rawValue].popLast() {
                state.idleBytes -= sizeClass.capacity
                return (chunk, nil)
            }
            let storage = state.idleStorage[sizeClass.rawValue].popLast()
            if storage != nil { state.idleBytes -= sizeClass.capacity }
            return (nil, storage)
        }
        if let chunk {
            chunk.becomeLive(in: self)
            return chunk
        }
        let pointer =
            unsafe storage?.pointer
            ?? UnsafeMutableRawPointer.allocate(byteCount: sizeClass.capacity, alignment: 64)
        return unsafe Chunk(storage: pointer, sizeClass: sizeClass, pool: self)
    }

    /// Takes back a chunk that nobody else has, object and all: the next `take` allocates nothing.
    func giveBack(_ chunk: consuming Chunk) {
        // One from another loop's pool goes home by itself.
        guard chunk.belongs(to: self), isKnownUniquelyReferenced(&chunk) else { return }
        let returned = chunk
        self.state.withLock { state in
            guard state.idleBytes + returned.sizeClass.capacity <= self.idleLimit else { return }
            state.release(returned.sizeClass)
            // An idle chunk must not keep its pool alive, nor count twice when it is freed.
            returned.becomeIdle()
            state.idleBytes += returned.sizeClass.capacity
            state.idleObjects[returned.sizeClass.rawValue].append(returned)
        }
    }

    /// Takes back the storage of a chunk that the application let go of, on whatever thread.
    func recycle(_ storage: UnsafeMutableRawPointer, _ sizeClass: SizeClass) {
        let idle = unsafe StoragePointer(pointer: storage)
        let isKept = self.state.withLock { state in
            state.release(sizeClass)
            guard state.idleBytes + sizeClass.capacity <= self.idleLimit else { return false }
            state.idleBytes += sizeClass.capacity
            state.idleStorage[sizeClass.rawValue].append(idle)
            return true
        }
        if !isKept { unsafe storage.deallocate() }
    }
}

import Dispatch
import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Chunk pool")
struct ChunkPoolTests {
    @Test("counts what is out and what came back, by the storage's size")
    func counts() {
        let pool = ChunkPool()
        var chunks = [pool.take(.small), pool.take(.medium), pool.take(.large)]
        #expect(pool.liveChunks == 3)
        #expect(pool.liveBytes == 256 + 2_048 + 16_384)
        chunks.removeLast()
        #expect(pool.liveChunks == 2)
        #expect(pool.liveBytes == 256 + 2_048)
        chunks.removeAll()
        #expect(pool.liveChunks == 0)
        #expect(pool.liveBytes == 0)
    }

    @Test("an object that is given back is used again, empty")
    func reusesObjects() {
        let pool = ChunkPool()
        var chunk: Chunk? = pool.take(.small)
        if let chunk { append(pattern(100), to: chunk) }
        let identity = chunk.map(ObjectIdentifier.init)
        if let returned = chunk.take() { pool.giveBack(returned) }
        #expect(pool.liveChunks == 0)
        let again = pool.take(.small)
        #expect(ObjectIdentifier(again) == identity)
        #expect(again.count == 0)
        #expect(again.room == 256)
        #expect(pool.liveChunks == 1)
    }

    @Test("storage of a chunk that was let go of is used again")
    func reusesStorage() {
        let pool = ChunkPool()
        let address = address(of: pool.take(.large))
        #expect(pool.liveChunks == 0)
        #expect(self.address(of: pool.take(.large)) == address)
        #expect(pool.liveBytes == 0)
    }

    @Test("a class never serves another class's storage")
    func keepsClassesApart() {
        let pool = ChunkPool()
        pool.giveBack(pool.take(.small))
        _ = pool.take(.medium)
        let large = pool.take(.large)
        #expect(large.room == 16_384)
        #expect(append(pattern(16_384), to: large) == 16_384)
        #expect(pool.take(.small).room == 256)
    }

    @Test("a chunk that somebody still holds is not taken back before that reference goes")
    func sharedChunk() {
        let pool = ChunkPool()
        var held: Chunk? = pool.take(.small)
        if let held {
            append([1, 2, 3], to: held)
            pool.giveBack(held)
        }
        #expect(pool.liveChunks == 1)
        let other = pool.take(.small)
        #expect(other !== held)
        #expect(held?.bytes == [1, 2, 3])
        held = nil
        #expect(pool.liveChunks == 1)
    }

    @Test(
        "keeps no more idle storage than its limit",
        arguments: [(0, 0), (300, 0), (2_304, 2_048), (5_000, 4_096), (1 << 20, 20_480)])
    func idleLimit(limit: Int, kept: Int) {
        let pool = ChunkPool(idleLimit: limit)
        for _ in 0..<3 {
            var chunks = (0..<10).map { _ in pool.take(.medium) }
            #expect(pool.idleBytes == 0)
            while let chunk = chunks.popLast() { pool.giveBack(chunk) }
            #expect(pool.idleBytes == kept)
            #expect(pool.liveChunks == 0)
            #expect(pool.liveBytes == 0)
        }
    }

    @Test("storage of chunks that the application lets go of counts against the same limit")
    func idleLimitOfStorage() {
        let pool = ChunkPool(idleLimit: 600)
        var chunks = (0..<5).map { _ in pool.take(.small) }
        chunks.removeAll()
        #expect(pool.idleBytes == 512)
        #expect(pool.liveBytes == 0)
    }

    @Test("a negative idle limit keeps nothing")
    func negativeLimit() {
        let pool = ChunkPool(idleLimit: -1)
        pool.giveBack(pool.take(.small))
        #expect(pool.liveChunks == 0)
        #expect(pool.idleBytes == 0)
    }

    @Test("idle chunks do not keep their pool alive")
    func noCycle() {
        weak var weakPool: ChunkPool?
        do {
            let pool = ChunkPool()
            weakPool = pool
            pool.giveBack(pool.take(.small))
            _ = pool.take(.medium)
        }
        #expect(weakPool == nil)
    }

    @Test("a chunk that is held longer than everything else keeps the pool until it goes")
    func outlivesOwner() {
        weak var weakPool: ChunkPool?
        var chunk: Chunk?
        do {
            let pool = ChunkPool()
            weakPool = pool
            chunk = pool.take(.small)
        }
        #expect(weakPool?.liveChunks == 1)
        if let chunk { append([7], to: chunk) }
        #expect(chunk?.bytes == [7])
        chunk = nil
        #expect(weakPool == nil)
    }

    @Test("other threads give storage back while one takes chunks, and nothing is lost")
    func threads() {
        let pool = ChunkPool()
        for round in 0..<20 {
            let chunks = (0..<200).map { pool.take(ChunkPool.SizeClass.allCases[$0 % 4]) }
            for chunk in chunks { append([UInt8(round)], to: chunk) }
            let box = ChunkBox(chunks)
            DispatchQueue.concurrentPerform(iterations: 4) { worker in
                for index in stride(from: worker, to: 200, by: 4) { box.release(index, expecting: UInt8(round)) }
            }
            #expect(box.mismatches == 0)
        }
        #expect(pool.liveChunks == 0)
        #expect(pool.liveBytes == 0)
    }

    @Test(
        "copies any number of bytes into chunks",
        arguments: [0, 1, 256, 257, 2_048, 2_049, 16_384, 16_385, 65_536, 65_537])
    func makesChunks(count: Int) {
        let pool = ChunkPool()
        let source = pattern(count)
        let chunks = pool.makeChunk(copying: source.span.bytes)
        #expect(chunks.flatMap(\.bytes) == source)
        #expect(chunks.allSatisfy { $0.count > 0 })
        #expect(pool.liveChunks == chunks.count)
    }

    private func address(of chunk: Chunk) -> Int {
        chunk.withBytes { $0.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
    }
}

/// Chunks that several threads let go of, each a different one.
private final class ChunkBox: @unchecked Sendable {
    private let lock = DispatchSemaphore(value: 1)
    private var chunks: [Chunk?]
    private(set) var mismatches = 0

    init(_ chunks: [Chunk]) { self.chunks = chunks }

    func release(_ index: Int, expecting byte: UInt8) {
        self.lock.wait()
        var chunk = self.chunks[index].take()
        if chunk?.bytes != [byte] { self.mismatches += 1 }
        self.lock.signal()
        // The last reference goes outside the lock, next to other threads.
        chunk = nil
    }
}

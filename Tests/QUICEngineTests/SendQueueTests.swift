import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Send queue")
struct SendQueueTests {
    /// The bytes behind the committed cursor, as the library would be offered them.
    private func offered(_ queue: inout SendQueue) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while let piece = queue.piece(index) {
            bytes += UnsafeRawBufferPointer(start: piece.address, count: piece.count)
            index += 1
        }
        return bytes
    }

    @Test("starts empty, with nothing to offer")
    func empty() {
        var queue = SendQueue()
        #expect(queue.isEmpty)
        #expect(queue.buffered == 0)
        #expect(queue.unsent == 0)
        #expect(queue.piece(0) == nil)
    }

    @Test("counts bytes as unsent until they are committed, and as held until they are acknowledged")
    func cursors() {
        let pool = ChunkPool()
        var queue = SendQueue()
        let bytes = pattern(5_000)
        queue.append(bytes.span.bytes, from: pool)
        #expect(queue.buffered == 5_000)
        #expect(queue.unsent == 5_000)
        queue.commit(1_200)
        #expect(queue.unsent == 3_800)
        #expect(queue.buffered == 5_000)
        #expect(self.offered(&queue) == Array(bytes[1_200...]))
        queue.acknowledge(upTo: 1_000, to: pool)
        #expect(queue.buffered == 4_000)
        #expect(self.offered(&queue) == Array(bytes[1_200...]))
        queue.commit(3_800)
        #expect(queue.piece(0) == nil)
        queue.acknowledge(upTo: 5_000, to: pool)
        #expect(queue.isEmpty)
        #expect(pool.liveChunks == 0)
    }

    @Test("committed bytes stay where they are while more are written behind them")
    func doesNotMove() throws {
        let pool = ChunkPool()
        var queue = SendQueue()
        queue.append(pattern(10).span.bytes, from: pool)
        let first = queue.piece(0)
        let piece = try #require(first)
        let before = Array(UnsafeRawBufferPointer(start: piece.address, count: piece.count))
        queue.commit(10)
        for _ in 0..<100 { queue.append(pattern(300).span.bytes, from: pool) }
        #expect(Array(UnsafeRawBufferPointer(start: piece.address, count: 10)) == before)
        let second = queue.piece(0)
        let next = try #require(second)
        #expect(next.address == piece.address + 10)
        queue.removeAll(to: pool)
        #expect(pool.liveChunks == 0)
    }

    @Test("small writes share a chunk, and a chunk is freed only when its last byte is acknowledged")
    func sharing() {
        let pool = ChunkPool()
        var queue = SendQueue()
        for byte in 0..<256 { queue.append([UInt8(byte)].span.bytes, from: pool) }
        #expect(pool.liveChunks == 1)
        queue.append(([1] as [UInt8]).span.bytes, from: pool)
        #expect(pool.liveChunks == 2)
        queue.commit(257)
        queue.acknowledge(upTo: 255, to: pool)
        #expect(pool.liveChunks == 2)
        queue.acknowledge(upTo: 256, to: pool)
        #expect(pool.liveChunks == 1)
        queue.acknowledge(upTo: 257, to: pool)
        #expect(pool.liveChunks == 0)
    }

    @Test("a chunk of the application is queued as it is, and never written to")
    func foreignChunk() {
        let pool = ChunkPool()
        var queue = SendQueue()
        let chunks = pool.makeChunk(copying: pattern(100).span.bytes)
        for chunk in chunks { queue.append(chunk) }
        queue.append(pattern(50, seed: 1).span.bytes, from: pool)
        #expect(chunks.flatMap(\.bytes) == pattern(100))
        #expect(self.offered(&queue) == pattern(100) + pattern(50, seed: 1))
        queue.append(pool.take(.small))
        #expect(queue.unsent == 150)
        queue.commit(150)
        queue.acknowledge(upTo: 150, to: pool)
        // The application still holds its own.
        #expect(pool.liveChunks == chunks.count)
    }

    @Test("an acknowledgement counts once, and never past what was committed")
    func acknowledgementBounds() {
        let pool = ChunkPool()
        var queue = SendQueue()
        queue.append(pattern(100).span.bytes, from: pool)
        queue.commit(60)
        queue.acknowledge(upTo: 100, to: pool)
        #expect(queue.acknowledged == 60)
        queue.acknowledge(upTo: 30, to: pool)
        #expect(queue.acknowledged == 60)
        #expect(self.offered(&queue) == Array(pattern(100)[60...]))
        queue.removeAll(to: pool)
    }

    @Test("a commitment counts no further than what was written, and never backwards")
    func commitBounds() {
        let pool = ChunkPool()
        var queue = SendQueue()
        queue.append(pattern(10).span.bytes, from: pool)
        queue.commit(-5)
        #expect(queue.committed == 0)
        queue.commit(1_000)
        #expect(queue.committed == 10)
        queue.removeAll(to: pool)
    }

    @Test("discarding forgets the unsent bytes and keeps the committed ones")
    func discard() {
        let pool = ChunkPool()
        var queue = SendQueue()
        queue.append(pattern(1_000).span.bytes, from: pool)
        queue.commit(400)
        queue.discardUnsent(to: pool)
        #expect(queue.unsent == 0)
        #expect(queue.buffered == 400)
        #expect(pool.liveChunks > 0)
        queue.removeAll(to: pool)
        #expect(queue.isEmpty)
        #expect(pool.liveChunks == 0)
    }

    @Test("hands everything back from the first byte, however much was sent")
    func takeAll() {
        let pool = ChunkPool()
        var queue = SendQueue()
        queue.append(pattern(3_000).span.bytes, from: pool)
        queue.commit(2_000)
        let chunks = queue.takeAll()
        #expect(chunks.flatMap(\.bytes) == pattern(3_000))
        #expect(queue.isEmpty)
        #expect(queue.written == 0)
    }

    @Test("random appends, commitments and acknowledgements agree with a plain array", arguments: UInt64(1)...40)
    func model(seed: UInt64) throws {
        let random = SeededRandomness(seed: seed)
        func draw(_ limit: Int) -> Int { Int(random.next() % UInt64(max(limit, 1))) }
        let pool = ChunkPool(idleLimit: draw(2) * 100_000)
        var queue = SendQueue()
        var all: [UInt8] = []
        var committed = 0
        var acknowledged = 0
        for step in 0..<400 {
            switch draw(5) {
            case 0, 1:
                let bytes = pattern([1, 7, 256, 1_500, 20_000][draw(5)], seed: UInt64(step))
                queue.append(bytes.span.bytes, from: pool)
                all += bytes
            case 2:
                let bytes = pattern(1 + draw(3_000), seed: UInt64(step))
                for chunk in pool.makeChunk(copying: bytes.span.bytes) { queue.append(chunk) }
                all += bytes
            case 3:
                let count = draw(min(all.count - committed, 4_000) + 1)
                queue.commit(count)
                committed += count
            default:
                acknowledged += draw(committed - acknowledged + 1)
                queue.acknowledge(upTo: UInt64(acknowledged), to: pool)
            }
            try #require(queue.buffered == all.count - acknowledged, "seed \(seed), step \(step)")
            try #require(queue.unsent == all.count - committed, "seed \(seed), step \(step)")
            if step.isMultiple(of: 20) {
                try #require(self.offered(&queue) == Array(all[committed...]), "seed \(seed), step \(step)")
            } else if let piece = queue.piece(0) {
                let bytes = Array(UnsafeRawBufferPointer(start: piece.address, count: piece.count))
                try #require(bytes == Array(all[committed..<committed + piece.count]), "seed \(seed), step \(step)")
            } else {
                try #require(committed == all.count, "seed \(seed), step \(step)")
            }
        }
        queue.commit(all.count)
        queue.acknowledge(upTo: UInt64(all.count), to: pool)
        #expect(queue.isEmpty, "seed \(seed)")
        #expect(pool.liveChunks == 0, "seed \(seed)")
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Receive queue")
struct ReceiveQueueTests {
    private func append(_ bytes: [UInt8], to queue: inout ReceiveQueue, from pool: ChunkPool) {
        bytes.withUnsafeBufferPointer { raw in
            if let start = raw.baseAddress { queue.append(start, count: raw.count, from: pool) }
        }
    }

    private func read(_ count: Int, from queue: inout ReceiveQueue, to pool: ChunkPool) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: count)
        var span = target.mutableSpan
        var bytes = span.mutableBytes
        let taken = queue.read(into: &bytes, to: pool)
        return Array(target[..<taken])
    }

    @Test("returns what came in, whatever the pieces", arguments: [1, 7, 255, 256, 257, 1_500, 40_000])
    func roundTrip(piece: Int) {
        let pool = ChunkPool()
        var queue = ReceiveQueue()
        let source = pattern(40_000)
        for start in stride(from: 0, to: source.count, by: piece) {
            self.append(Array(source[start..<min(start + piece, source.count)]), to: &queue, from: pool)
        }
        #expect(queue.count == 40_000)
        var result: [UInt8] = []
        while true {
            let bytes = self.read(999, from: &queue, to: pool)
            if bytes.isEmpty { break }
            result += bytes
        }
        #expect(result == source)
        #expect(queue.count == 0)
        #expect(pool.liveChunks == 0)
    }

    @Test("gives chunks away without copying, in order and together with reads")
    func chunks() {
        let pool = ChunkPool()
        var queue = ReceiveQueue()
        let source = pattern(5_000)
        self.append(source, to: &queue, from: pool)
        var result = self.read(100, from: &queue, to: pool)
        while let chunk = queue.popChunk() { result += chunk.bytes }
        #expect(result == source)
        #expect(queue.count == 0)
        #expect(queue.popChunk() == nil)
    }

    @Test("a chunk that was given away is not written to by what arrives later")
    func handedOut() throws {
        let pool = ChunkPool()
        var queue = ReceiveQueue()
        self.append([1, 2, 3], to: &queue, from: pool)
        let first = queue.popChunk()
        let chunk = try #require(first)
        self.append([4, 5, 6], to: &queue, from: pool)
        #expect(chunk.bytes == [1, 2, 3])
        #expect(self.read(10, from: &queue, to: pool) == [4, 5, 6])
    }

    @Test("a chunk that was lent and used up serves again, object and all; one that somebody holds does not")
    func forgets() throws {
        let pool = ChunkPool()
        var queue = ReceiveQueue()
        self.append(pattern(256), to: &queue, from: pool)
        var lent = queue.firstChunk.map { ObjectIdentifier($0) }
        queue.firstChunk?.consume(256)
        queue.forget(256, to: pool)
        #expect(queue.count == 0)
        #expect(ObjectIdentifier(pool.take(.small)) == lent)
        self.append(pattern(256), to: &queue, from: pool)
        let held = try #require(queue.firstChunk)
        lent = ObjectIdentifier(held)
        held.consume(held.count)
        queue.forget(256, to: pool)
        #expect(queue.firstChunk == nil)
        #expect(ObjectIdentifier(pool.take(held.sizeClass)) != lent)
    }

    @Test("drops everything at once and says how much it was")
    func removeAll() {
        let pool = ChunkPool()
        var queue = ReceiveQueue()
        self.append(pattern(10_000), to: &queue, from: pool)
        #expect(self.read(1_000, from: &queue, to: pool).count == 1_000)
        #expect(queue.removeAll(to: pool) == 9_000)
        #expect(queue.removeAll(to: pool) == 0)
        #expect(pool.liveChunks == 0)
    }

    @Test("bytes put into the open chunk from outside are counted when they are taken over")
    func absorbs() throws {
        let pool = ChunkPool()
        var queue = ReceiveQueue()
        #expect(queue.openChunk == nil)
        queue.absorb(5)
        #expect(queue.count == 0)
        self.append([1, 2], to: &queue, from: pool)
        let chunk = try #require(queue.openChunk)
        let more: [UInt8] = [3, 4, 5]
        for (index, byte) in more.enumerated() {
            (chunk.storage + chunk.end + index).storeBytes(of: byte, as: UInt8.self)
        }
        #expect(queue.count == 2)
        queue.absorb(3)
        #expect(queue.count == 5)
        #expect(self.read(10, from: &queue, to: pool) == [1, 2, 3, 4, 5])
        #expect(queue.openChunk == nil)
    }

    @Test("a read into nothing takes nothing")
    func emptyTarget() {
        let pool = ChunkPool()
        var queue = ReceiveQueue()
        self.append([1], to: &queue, from: pool)
        #expect(self.read(0, from: &queue, to: pool) == [])
        #expect(queue.count == 1)
        _ = queue.removeAll(to: pool)
    }

    @Test("holds no more storage than the bytes plus the largest chunk", arguments: [1, 300, 5_000, 100_000])
    func storage(count: Int) {
        let pool = ChunkPool()
        var queue = ReceiveQueue()
        for byte in pattern(count) { self.append([byte], to: &queue, from: pool) }
        #expect(pool.liveBytes <= count + 65_536)
        if count <= 256 { #expect(pool.liveBytes == 256) }
        _ = queue.removeAll(to: pool)
    }
}

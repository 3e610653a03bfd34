import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Chunks")
struct ChunkTests {
    @Test("bytes go in behind each other and come out in the same order")
    func appendAndRead() {
        let pool = ChunkPool()
        let chunk = pool.take(.small)
        let source = pattern(200)
        append(Array(source[..<150]), to: chunk)
        append(Array(source[150...]), to: chunk)
        #expect(chunk.count == 200)
        #expect(chunk.room == 56)
        #expect(chunk.bytes == source)
        #expect(read(70, from: chunk) == Array(source[..<70]))
        #expect(chunk.count == 130)
        #expect(chunk.bytes == Array(source[70...]))
        #expect(read(500, from: chunk) == Array(source[70...]))
        #expect(chunk.count == 0)
    }

    @Test("a chunk takes no more than it has room for, and reading makes no room")
    func isBounded() {
        let pool = ChunkPool()
        let chunk = pool.take(.small)
        #expect(append(pattern(300), to: chunk) == 256)
        #expect(chunk.bytes == Array(pattern(300)[..<256]))
        #expect(chunk.room == 0)
        _ = read(100, from: chunk)
        #expect(chunk.room == 0)
        #expect(append([1], to: chunk) == 0)
    }

    @Test("lends exactly the unread bytes")
    func lends() {
        let pool = ChunkPool()
        let chunk = pool.take(.small)
        append([10, 20, 30, 40], to: chunk)
        _ = read(1, from: chunk)
        let sum = chunk.withBytes { bytes in
            bytes.byteOffsets.reduce(0) { $0 + Int(bytes.unsafeLoad(fromByteOffset: $1, as: UInt8.self)) }
        }
        #expect(sum == 90)
        #expect(chunk.withBytes { $0.byteCount } == 3)
    }

    @Test("an error thrown while the bytes are lent reaches the caller")
    func throwsOn() {
        let chunk = ChunkPool().take(.small)
        #expect(throws: EngineError.self) {
            try chunk.withBytes { _ throws(EngineError) in throw EngineError(.queueFull, "test") }
        }
    }

    @Test("its bytes stay at one address while it is filled")
    func doesNotMove() {
        let chunk = ChunkPool().take(.medium)
        append([1], to: chunk)
        let before = chunk.withBytes { bytes in bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
        append(pattern(2_000), to: chunk)
        let after = chunk.withBytes { bytes in bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
        #expect(before == after)
    }

    @Test(
        "the smallest size class that fits is taken, but none below the wanted one",
        arguments: [
            (1, .small, 256), (256, .small, 256), (257, .small, 2_048), (2_048, .small, 2_048), (2_049, .small, 16_384),
            (16_384, .small, 16_384), (16_385, .small, 65_536), (1 << 20, .small, 65_536), (1, .medium, 2_048),
            (5_000, .medium, 16_384), (1, .large, 16_384), (1, .huge, 65_536),
        ] as [(Int, ChunkPool.SizeClass, Int)])
    func sizeClasses(count: Int, minimum: ChunkPool.SizeClass, capacity: Int) {
        #expect(ChunkPool.SizeClass.fitting(count, atLeast: minimum).capacity == capacity)
    }

    @Test("a stream's chunks grow from class to class, and the largest is followed by itself")
    func growth() {
        #expect(ChunkPool.SizeClass.allCases.map(\.next) == [.medium, .large, .huge, .huge])
        #expect(ChunkPool.SizeClass.allCases.map(\.capacity) == [256, 2_048, 16_384, 65_536])
    }
}

@discardableResult
func append(_ bytes: [UInt8], to chunk: Chunk) -> Int {
    bytes.withUnsafeBytes { raw in raw.baseAddress.map { chunk.append($0, count: raw.count) } ?? 0 }
}

func read(_ count: Int, from chunk: Chunk) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = buffer.baseAddress.map { chunk.read(into: $0, count: count) } ?? 0
    }
}

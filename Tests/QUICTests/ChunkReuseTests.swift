import QUICEngine
import Testing

@testable import QUIC

@Suite("Reuse of stream buffers")
struct ChunkReuseTests {
    private func incoming(_ chunks: [Chunk]) -> IncomingBytes {
        var state = IncomingBytes(creditThreshold: 1)
        _ = state.deliver(chunks, .open)
        return state
    }

    @Test("a piece that was read to its end where it lay is used again, object and all", arguments: [true, false])
    func readPieces(lends: Bool) throws {
        let pool = ChunkPool()
        var first: ObjectIdentifier?
        var state = self.incoming(
            [UInt8](repeating: 7, count: 100).withRawSpan {
                let chunks = pool.makeChunk(copying: $0)
                first = chunks.first.map(ObjectIdentifier.init)
                return chunks
            })
        var buffer = [UInt8](repeating: 0, count: 100)
        let read = lends ? state.lend { $0.byteCount } : buffer.withMutableRawSpan { state.copy(into: &$0) }
        #expect(read == 100)
        #expect(pool.liveChunks == 0)
        let next = pool.makeEmptyChunk(fitting: 100)
        #expect(ObjectIdentifier(next) == first)
    }

    @Test("a piece of which something is left stays, and one that the reader keeps is not used again")
    func keptPieces() throws {
        let pool = ChunkPool()
        var state = self.incoming([UInt8](repeating: 7, count: 100).withRawSpan { pool.makeChunk(copying: $0) })
        #expect(state.lend { _ in 60 } == 60)
        #expect(state.available == 40)
        #expect(pool.liveChunks == 1)
        let taken = state.takeChunk()
        let kept = try #require(taken)
        #expect(kept.count == 40)
        #expect(pool.makeEmptyChunk(fitting: 100) !== kept)
    }
}

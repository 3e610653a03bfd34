import QUICEngine
import Testing

@testable import QUIC

@Suite("Credit for what was read", .timeLimit(.minutes(5)))
struct CreditTests {
    @Test("streams that are read a little each do not use up the connection's window", arguments: [false, true])
    func manyStreams(isReadAtOnce: Bool) async throws {
        let configure: (inout EndpointPair.Options) -> Void = {
            $0.server = {
                $0.transport.flowControl.connectionWindow = 64 << 10
                $0.transport.flowControl.streamWindow = 64 << 10
                $0.transport.flowControl.maximumConnectionWindow = 0
                $0.transport.flowControl.maximumStreamWindow = 0
            }
        }
        try await EndpointPair.run(configure) { pair in
            let (client, server) = try await pair.connect()
            // No stream comes to a quarter of its window, where it would be looked at by itself.
            let (count, part) = (60, 4_000)
            var streams: [(client: QUICStream, server: QUICStream)] = []
            for _ in 0..<count { streams.append(try await pair.openStream(client, server, .unidirectional)) }
            let sent = streams
            async let sending: Void = {
                for stream in sent { try await stream.client.write([UInt8].pattern(part)) }
            }()
            // Bytes that no reader took are no credit, and what was sent is more than the window.
            if isReadAtOnce {
                try await until { sent.reduce(0) { $0 + $1.server.bytesAvailable } > 60_000 }
            }
            try await withThrowingDiscardingTaskGroup { group in
                for stream in sent {
                    group.addTask {
                        let bytes = try await stream.server.readExactly(part)
                        #expect(bytes == .pattern(part))
                    }
                }
            }
            try await sending
        }
    }

    @Test("small reads are told of together, and what can't wait at once")
    func notices() {
        let pool = ChunkPool()
        var state = IncomingBytes(creditThreshold: 1_000)
        func deliver(_ count: Int, _ end: ConnectionEngine.ArrivalEnd = .open) {
            _ = state.deliver([UInt8](repeating: 7, count: count).withRawSpan { pool.makeChunk(copying: $0) }, end)
        }
        deliver(900)
        func expect(_ look: IncomingBytes.Look, _ consumed: Int, sourceLocation: SourceLocation = #_sourceLocation) {
            let notice = state.takeNotice()
            #expect(notice.look == look && notice.consumed == consumed, "\(notice)", sourceLocation: sourceLocation)
        }
        expect(.none, 0)
        #expect(state.lend { _ in 400 } == 400)
        expect(.sometime, 400)
        // Until it was looked at, it waits to be.
        expect(.none, 0)
        #expect(state.lend { _ in 500 } == 500)
        expect(.none, 500)
        let first = state.collect()
        #expect(first.credit == 900 && first.counted == 900)
        deliver(1_100)
        #expect(state.lend { _ in 999 } == 999)
        expect(.sometime, 999)
        #expect(state.lend { _ in 1 } == 1)
        expect(.soon, 1)
        #expect(state.lend { _ in 50 } == 50)
        expect(.none, 50)
        #expect(state.collect().credit == 1_050)
        deliver(0, .finished)
        #expect(state.lend { _ in 50 } == 50)
        expect(.sometime, 50)
        guard case .end? = state.read({ _ in 0 }) else {
            Issue.record("there is no end")
            return
        }
        expect(.soon, 0)
        #expect(state.collect().isOver)
        expect(.none, 0)
    }

    @Test("what a reader gives up is credit that it has not spoken of, and after the connection nothing is said")
    func stop() {
        let pool = ChunkPool()
        var state = IncomingBytes(creditThreshold: 1_000)
        func deliver(_ count: Int) {
            _ = state.deliver([UInt8](repeating: 7, count: count).withRawSpan { pool.makeChunk(copying: $0) }, .open)
        }
        deliver(500)
        #expect(state.lend { _ in 100 } == 100)
        _ = state.takeNotice()
        let isStopped = state.stop(3, .cancelled)
        #expect(isStopped)
        let notice = state.takeNotice()
        #expect(notice.look == .soon && notice.consumed == 400)
        let news = state.collect()
        #expect(news.credit == 500 && news.counted == 500 && news.stopCode == 3)
        // What comes after is nobody's, and comes back when the connection looks next.
        deliver(10)
        let later = state.collect()
        #expect(later.credit == 10 && later.counted == 0)

        var cut = IncomingBytes(creditThreshold: 1)
        _ = cut.deliver([UInt8](repeating: 7, count: 5).withRawSpan { pool.makeChunk(copying: $0) }, .open)
        let isCut = cut.fail(.cancelled)
        #expect(isCut)
        #expect(cut.lend { _ in 5 } == 5)
        let last = cut.takeNotice()
        #expect(last.look == .none && last.consumed == 0)
    }
}

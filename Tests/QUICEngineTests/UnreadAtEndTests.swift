import QUICEngine
import QUICTestSupport
import Testing

@Suite("What arrived before the peer ended the connection")
struct UnreadAtEndTests {
    @Test("stays readable, to its end, and the connection's cause is told where no end came", arguments: [true, false])
    func readable(finished: Bool) throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(sending: pattern(5_000), finish: finished)
        scenario.run(.milliseconds(100))
        try client.engine?.close(applicationCode: 9, reason: "done", now: scenario.now)
        scenario.run(.milliseconds(30))
        do {
            let engine = try #require(server.engine)
            #expect(engine.phase == .draining)
            #expect(engine.bytesReadable(on: id) == 5_000)
            var buffer = [UInt8](repeating: 0, count: 8_192)
            func read() throws -> ConnectionEngine.ReadResult {
                var span = buffer.mutableSpan
                var target = span.mutableBytes
                return try engine.read(id, into: &target)
            }
            #expect(try read() == .bytes(5_000))
            #expect(Array(buffer.prefix(5_000)) == pattern(5_000))
            if finished {
                #expect(try read() == .end)
            } else {
                let error = #expect(throws: EngineError.self) { try read() }
                #expect(error?.code == .connectionStateMismatch)
                #expect(error?.message.contains("done") == true)
            }
            #expect(throws: EngineError(.connectionStateMismatch, "")) { try engine.write([1].span.bytes, to: id) }
        }
        scenario.expectNothingLeft()
    }
}

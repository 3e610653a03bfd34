import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Runs of datagrams")
struct TransmitRunTests {
    /// Calls `body` with a client that has much to send.
    private func withBusyClient(_ body: (Scenario, ConnectionEngine) throws -> Void) throws {
        let scenario = Scenario()
        scenario.clientConfiguration.flowControl.sendBuffer = 1 << 20
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(2))
        try client.open(sending: pattern(200_000))
        // Opens the congestion window.
        scenario.run { server.ended.count == 1 }
        try client.withEngine { engine in
            let id = try engine.openStream(.bidirectional)
            try engine.write(pattern(100_000).span.bytes, to: id)
            try body(scenario, engine)
        }
        scenario.expectNothingLeft()
    }

    private func transmit(_ engine: ConnectionEngine, room: Int, maximum: Int, now: EngineInstant) -> Int {
        var buffer = [UInt8](repeating: 0, count: room)
        var span = buffer.mutableSpan
        var target = span.mutableBytes
        return engine.transmit(into: &target, maximumDatagrams: maximum, now: now)
    }

    @Test("are contiguous and of equal datagrams, the last of which may be shorter")
    func shape() throws {
        try self.withBusyClient { scenario, engine in
            #expect(engine.sendQuantum >= 1_200)
            var sawMany = false
            for _ in 0..<10 {
                let count = self.transmit(engine, room: 65_536, maximum: 64, now: scenario.now)
                guard count > 0 else { break }
                var offset = 0
                for run in engine.runs {
                    #expect(run.offset == offset)
                    #expect(run.count > 0 && run.segmentSize > 0)
                    #expect(run.segmentSize <= 1_452)
                    #expect(run.datagrams == (run.count + run.segmentSize - 1) / run.segmentSize)
                    #expect(run.path == engine.currentPath)
                    if run.datagrams > 1 { sawMany = true }
                    offset += run.count
                }
                #expect(offset == count)
            }
            #expect(sawMany)
        }
    }

    @Test("end at the number of datagrams that the caller takes", arguments: [0, 1, 3])
    func maximumDatagrams(maximum: Int) throws {
        try self.withBusyClient { scenario, engine in
            _ = self.transmit(engine, room: 65_536, maximum: maximum, now: scenario.now)
            #expect(engine.runs.map(\.datagrams).reduce(0, +) == maximum)
        }
    }

    @Test(
        "end where the buffer has no room for another datagram of the largest size",
        arguments: [(100, 0), (1_451, 0), (1_452, 1), (5_000, 3)])
    func room(room: Int, expected: Int) throws {
        try self.withBusyClient { scenario, engine in
            let count = self.transmit(engine, room: room, maximum: 64, now: scenario.now)
            #expect(count <= room)
            #expect(engine.runs.map(\.datagrams).reduce(0, +) == expected)
        }
    }

    @Test("do not go beyond what the library wants to send at a time")
    func quantum() throws {
        try self.withBusyClient { scenario, engine in
            let quantum = engine.sendQuantum
            let count = self.transmit(engine, room: 65_536, maximum: 64, now: scenario.now)
            #expect(count < quantum + 1_452)
        }
    }
}

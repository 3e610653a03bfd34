import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Flow control")
struct FlowControlTests {
    /// A scenario whose server grants fixed windows.
    private func scenario(
        connection: UInt64, stream: UInt64, conditions: LinkConditions = LinkConditions(delay: .milliseconds(10))
    )
        -> Scenario
    {
        let scenario = Scenario(conditions: conditions)
        scenario.serverConfiguration {
            $0.flowControl.connectionWindow = connection
            $0.flowControl.streamWindow = stream
            $0.flowControl.maximumConnectionWindow = 0
            $0.flowControl.maximumStreamWindow = 0
        }
        return scenario
    }

    @Test("with windows of 37 bytes and writes of one byte every byte arrives")
    func tinyWindows() throws {
        let scenario = self.scenario(connection: 37, stream: 37)
        scenario.clientConfiguration = .defaults {
            $0.flowControl.connectionWindow = 37
            $0.flowControl.streamWindow = 37
            $0.flowControl.maximumConnectionWindow = 0
            $0.flowControl.maximumStreamWindow = 0
        }
        let (client, server) = try scenario.connect()
        let up = pattern(2_000, seed: 1)
        let down = pattern(1_500, seed: 2)
        let id = try client.live.openStream(.bidirectional)
        for byte in up { client.send([byte], on: id, finish: false) }
        try client.live.finish(id)
        #expect(scenario.run { !server.events.filter { $0 == .streamOpened(id, early: false) }.isEmpty })
        for byte in down { server.send([byte], on: id, finish: false) }
        try server.live.finish(id)
        #expect(scenario.run(.seconds(120)) { client.ended.contains(id) && server.ended.contains(id) })
        #expect(server.received[id] == up)
        #expect(client.received[id] == down)
        scenario.expectNothingLeft()
    }

    @Test("a stream that nobody reads stops its sender at exactly the window, and goes on when it is read")
    func unreadStream() throws {
        let scenario = self.scenario(connection: 1 << 20, stream: 50_000)
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let source = pattern(200_000)
        let id = try client.open(.unidirectional, sending: source)
        scenario.run(.seconds(5))
        #expect(try server.live.bytesReadable(on: id) == 50_000)
        scenario.run(.seconds(5))
        #expect(try server.live.bytesReadable(on: id) == 50_000)
        server.readsAutomatically = true
        server.read(id)
        #expect(scenario.run { server.ended.contains(id) })
        #expect(server.received[id] == source)
        scenario.expectNothingLeft()
    }

    @Test("credit comes back for what is read, and for no more")
    func creditOnConsumption() throws {
        let scenario = self.scenario(connection: 1 << 20, stream: 10_000)
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: pattern(100_000))
        scenario.run(.seconds(2))
        #expect(try server.live.bytesReadable(on: id) == 10_000)
        var consumed = 0
        for portion in [6_000, 7_500, 9_999] {
            consumed += try server.read(portion, from: id).bytes.count
            scenario.run(.seconds(2))
            #expect(try server.live.statistics.streamsActive == 1)
            #expect(try server.live.bytesReadable(on: id) == 10_000)
        }
        #expect(consumed == 23_499)
        scenario.expectNothingLeft()
    }

    @Test("unread streams hold no more storage than the windows, rounded up to chunks")
    func boundedMemory() throws {
        let scenario = self.scenario(connection: 300_000, stream: 100_000)
        scenario.clientConfiguration.flowControl.sendBuffer = 20_000
        scenario.clientConfiguration.flowControl.maximumSendBuffer = 0
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        for index in 0..<10 { try client.open(.unidirectional, sending: pattern(150_000, seed: UInt64(index))) }
        let pool = scenario.simulation.resources.pool
        for _ in 0..<20 {
            scenario.run(.milliseconds(250))
            // What is unread, what is queued for sending, and for each the chunk that is being filled.
            #expect(pool.liveBytes <= 300_000 + 10 * 20_000 + 20 * 65_536)
        }
        var unread = 0
        for index in 0..<10 { unread += try server.live.bytesReadable(on: StreamID(Int64(index) * 4 + 2)) }
        #expect(unread == 300_000)
        for index in 0..<10 { server.read(StreamID(Int64(index) * 4 + 2)) }
        server.readsAutomatically = true
        #expect(scenario.run { server.ended.count == 10 })
        #expect(scenario.run(.seconds(2)) { pool.liveBytes == 0 })
        scenario.expectNothingLeft()
    }

    @Test("streams that nobody reads share the connection's window, and any of them gives it back")
    func connectionWindow() throws {
        let scenario = self.scenario(connection: 20_000, stream: 15_000)
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let ids = try (0..<4).map { try client.open(.unidirectional, sending: pattern(9_000, seed: UInt64($0))) }
        func unread() throws -> Int { try ids.reduce(0) { try $0 + server.live.bytesReadable(on: $1) } }
        scenario.run(.seconds(2))
        #expect(try unread() == 20_000)
        let first = try #require(ids.first)
        let taken = try server.read(20_000, from: first).bytes.count
        #expect(taken > 0)
        scenario.run(.seconds(2))
        server.readsAutomatically = true
        for id in ids { server.read(id) }
        #expect(scenario.run { server.ended.count == 4 })
        scenario.expectNothingLeft()
    }

    @Test(
        "what is left of the window goes to the streams that are read, even when most of it is not", arguments: [1, 7])
    func remainderIsUsable(portion: Int) throws {
        let scenario = self.scenario(connection: 64_000, stream: 16_000)
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        // Three quarters are taken by streams that nobody reads.
        for _ in 0..<3 { try client.open(.unidirectional, sending: pattern(16_000), finish: false) }
        scenario.run(.seconds(2))
        let source = pattern(100_000)
        let id = try client.open(.unidirectional, sending: source)
        var received: [UInt8] = []
        for _ in 0..<(source.count / (portion * 1_000)) * 2 where received.count < source.count {
            scenario.run(.milliseconds(50))
            guard try server.live.bytesReadable(on: id) > 0 else { continue }
            received += try server.read(portion * 1_000, from: id).bytes
        }
        #expect(received.count == source.count && received == source, "\(received.count) bytes came through")
        scenario.expectNothingLeft()
    }

    @Test("a stream that was fast and is not read any more leaves the grown window's rest to others")
    func remainderOfGrownWindow() throws {
        let scenario = Scenario(conditions: LinkConditions(delay: .milliseconds(20)))
        scenario.serverConfiguration {
            $0.flowControl.connectionWindow = 64_000
            $0.flowControl.streamWindow = 60_000
            $0.flowControl.maximumConnectionWindow = 1_024_000
            $0.flowControl.maximumStreamWindow = 900_000
        }
        let (client, server) = try scenario.connect()
        let paused = try client.open(.unidirectional, sending: pattern(12_000_000))
        #expect(scenario.run(.seconds(30)) { (server.received[paused]?.count ?? 0) > 9_000_000 })
        server.readsAutomatically = false
        scenario.run(.seconds(2))
        var unread = try server.live.bytesReadable(on: paused)
        // Others that nobody reads take most of what its own window has left.
        for _ in 0..<30 where unread < 900_000 {
            let other = try client.open(.unidirectional, sending: pattern(30_000), finish: false)
            scenario.run(.milliseconds(500))
            unread += try server.live.bytesReadable(on: other)
        }
        #expect(unread > 880_000, "of the grown window only \(unread) bytes could be used")

        let source = pattern(500_000)
        let id = try client.open(.unidirectional, sending: source)
        var count = 0
        for _ in 0..<1_000 where count < source.count {
            scenario.run(.milliseconds(50))
            guard try server.live.bytesReadable(on: id) > 0 else { continue }
            count += try server.read(100_000, from: id).bytes.count
        }
        #expect(count == source.count)
        scenario.expectNothingLeft()
    }

    @Test("an end without bytes needs no window, not even while the connection's is used up")
    func finNeedsNoWindow() throws {
        let scenario = self.scenario(connection: 10_000, stream: 20_000)
        let (client, server) = try scenario.connect()
        let other = try client.open(.unidirectional, sending: [1], finish: false)
        #expect(scenario.run { server.received[other] == [1] })
        server.readsAutomatically = false
        try client.open(.unidirectional, sending: pattern(30_000))
        scenario.run(.seconds(2))
        try client.live.finish(other)
        let empty = try client.open(.unidirectional)
        scenario.run(.seconds(2))
        #expect(try server.read(1, from: other).result == .end)
        #expect(server.saw(.streamOpened(empty, early: false)))
        scenario.expectNothingLeft()
    }

    @Test("a window grows by itself while the reader keeps up")
    func autoTuning() throws {
        let conditions = LinkConditions(delay: .milliseconds(50))
        func duration(maximum: UInt64) throws -> Duration {
            let scenario = Scenario(conditions: conditions)
            scenario.serverConfiguration {
                $0.flowControl.connectionWindow = 16_384
                $0.flowControl.streamWindow = 16_384
                $0.flowControl.maximumConnectionWindow = maximum
                $0.flowControl.maximumStreamWindow = maximum
            }
            let (client, server) = try scenario.connect()
            let start = scenario.now
            let id = try client.open(.unidirectional, sending: pattern(500_000))
            #expect(scenario.run(.seconds(60)) { server.ended.contains(id) })
            let elapsed = scenario.now.duration(since: start)
            scenario.expectNothingLeft()
            return elapsed
        }
        let fixed = try duration(maximum: 0)
        let growing = try duration(maximum: 4 << 20)
        // A fixed window of 16 KiB allows one window per round trip of 100 ms: at least three seconds.
        #expect(fixed >= .seconds(2.5))
        #expect(growing * 2 < fixed, "fixed \(fixed), growing \(growing)")
    }

    @Test("a writer that outruns the peer is told how much was taken, and once per refill that there is room")
    func heldBack() throws {
        let scenario = self.scenario(connection: 1 << 20, stream: 10_000)
        scenario.clientConfiguration.flowControl.sendBuffer = 8_000
        scenario.clientConfiguration.flowControl.maximumSendBuffer = 0
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.live.openStream(.unidirectional)
        #expect(try client.write(pattern(20_000), to: id) == 8_000)
        #expect(try client.write([1], to: id) == 0)
        #expect(client.count(of: .streamWritable(id)) == 0)
        scenario.run(.seconds(1))
        #expect(client.count(of: .streamWritable(id)) == 1)
        // The window has 2,000 bytes left, so three quarters of this stay queued.
        #expect(try client.write(pattern(20_000), to: id) == 8_000)
        scenario.run(.seconds(2))
        #expect(client.count(of: .streamWritable(id)) == 1)
        #expect(try client.live.bytesUnacknowledged(on: id) == 6_000)
        #expect(try server.read(50_000, from: id).bytes.count == 10_000)
        scenario.run(.seconds(2))
        #expect(client.count(of: .streamWritable(id)) == 2)
        scenario.run(.seconds(2))
        #expect(client.count(of: .streamWritable(id)) == 2)
        scenario.expectNothingLeft()
    }

    @Test("a chunk passes the bound of the send buffer by less than its size, and then the writer waits")
    func chunkBound() throws {
        let scenario = self.scenario(connection: 1 << 20, stream: 100)
        scenario.clientConfiguration.flowControl.sendBuffer = 3_000
        scenario.clientConfiguration.flowControl.maximumSendBuffer = 0
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.live.openStream(.unidirectional)
        let pool = scenario.simulation.resources.pool
        var answers: [Bool] = []
        for seed in 0..<3 {
            for chunk in pool.makeChunk(copying: pattern(2_000, seed: UInt64(seed)).span.bytes) {
                answers.append(try client.live.write(chunk, to: id))
            }
        }
        #expect(answers == [true, true, false])
        #expect(try client.live.bytesUnacknowledged(on: id) == 4_000)
        #expect(try client.write([1], to: id) == 0)
        try client.live.reset(id, code: 0)
        #expect(scenario.run { client.saw(.streamClosed(id)) })
        #expect(!client.saw(.streamWritable(id)))
        scenario.expectNothingLeft()
    }

    @Test(
        "unread bytes of a stream that was given up give the connection's window back to others",
        arguments: [true, false])
    func creditOfAbandonedStreams(byReset: Bool) throws {
        let scenario = self.scenario(connection: 20_000, stream: 8_000)
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        for round in 0..<8 {
            let id = try client.open(.unidirectional, sending: pattern(8_000), finish: false)
            scenario.run(.seconds(1))
            #expect(try server.live.bytesReadable(on: id) == 8_000, "round \(round)")
            if byReset { try client.live.reset(id, code: 1) } else { try server.live.stopSending(id, code: 1) }
            #expect(scenario.run { client.saw(.streamClosed(id)) })
            if byReset { server.read(id) }
            scenario.run(.seconds(1))
            #expect(server.saw(.streamClosed(id)), "round \(round)")
        }
        server.readsAutomatically = true
        let last = try client.open(.unidirectional, sending: pattern(60_000))
        #expect(scenario.run { server.ended.contains(last) })
        scenario.expectNothingLeft()
    }

    @Test("bytes that arrive for a stream nobody wants any more give their credit back too")
    func creditAfterStop() throws {
        let scenario = self.scenario(connection: 20_000, stream: 20_000)
        let (client, server) = try scenario.connect()
        let id = try client.open(.bidirectional, sending: pattern(10), finish: false)
        #expect(scenario.run { server.received[id]?.count == 10 })
        for _ in 0..<5 {
            let wasted = try client.open(.unidirectional, sending: pattern(15_000), finish: false)
            #expect(scenario.run { server.saw(.streamOpened(wasted, early: false)) })
            try server.live.stopSending(wasted, code: 1)
            #expect(scenario.run { client.saw(.streamClosed(wasted)) })
        }
        client.send(pattern(50_000), on: id)
        #expect(scenario.run { server.ended.contains(id) })
        scenario.expectNothingLeft()
    }

    @Test("bytes that nobody read before the connection closed are let go of")
    func unreadAtClose() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        for _ in 0..<5 { try client.open(.unidirectional, sending: pattern(30_000)) }
        scenario.run(.seconds(1))
        #expect(scenario.simulation.resources.pool.liveChunks > 0)
        try client.live.close(now: scenario.now)
        #expect(scenario.run { client.engine == nil && server.engine == nil })
        #expect(scenario.simulation.resources.pool.liveChunks == 0)
        scenario.expectNothingLeft()
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Stream resets and stop-sending")
struct StreamResetTests {
    @Test("a reset reaches the peer with its code", arguments: [0, 7, 1 << 62 - 1] as [UInt64])
    func resetReachesPeer(code: UInt64) throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(.unidirectional, sending: pattern(2_000), finish: false)
        #expect(scenario.run { server.received[id]?.count == 2_000 })
        try client.live.reset(id, code: code)
        #expect(scenario.run { server.resets[id] == code })
        #expect(!server.ended.contains(id))
        #expect(scenario.run { server.saw(.streamClosed(id)) && client.saw(.streamClosed(id)) })
        scenario.expectNothingLeft()
    }

    @Test("codes that do not fit 62 bits are refused, and nothing happens", arguments: [1 << 62, .max] as [UInt64])
    func codeOutOfRange(code: UInt64) throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: [1], finish: false)
        #expect(refusal { try client.live.reset(id, code: code) } == .codeOutOfRange)
        #expect(refusal { try client.live.stopSending(id, code: code) } == .codeOutOfRange)
        client.send([2], on: id)
        #expect(scenario.run { server.ended.contains(id) })
        #expect(server.received[id] == [1, 2])
        scenario.expectNothingLeft()
    }

    @Test("after a reset nothing can be written, and a second reset changes nothing")
    func afterReset() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: [1], finish: false)
        #expect(scenario.run { server.received[id] == [1] })
        try client.live.reset(id, code: 4)
        try client.live.reset(id, code: 5)
        #expect(refusal { try client.write([2], to: id) } == .streamStateMismatch)
        #expect(refusal { try client.live.finish(id) } == .streamStateMismatch)
        #expect(scenario.run { server.resets[id] == 4 })
        scenario.expectNothingLeft()
    }

    @Test("a stream can be reset before a byte was sent on it")
    func resetBeforeData() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.live.openStream(.unidirectional)
        try client.live.reset(id, code: 12)
        #expect(scenario.run { server.resets[id] == 12 })
        #expect(server.saw(.streamOpened(id, early: false)))
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        scenario.expectNothingLeft()
    }

    @Test("a reset overtakes an end that is still on its way")
    func resetAfterFinish() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: pattern(200_000))
        try client.live.reset(id, code: 3)
        #expect(scenario.run { server.saw(.streamReadable(id)) })
        scenario.run(.seconds(1))
        server.read(id)
        #expect(server.resets[id] == 3)
        #expect(!server.ended.contains(id))
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        scenario.expectNothingLeft()
    }

    @Test("a reset after everything was received does no harm")
    func resetAfterEnd() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: [1, 2, 3])
        #expect(scenario.run { server.ended.contains(id) })
        scenario.run(.seconds(1))
        try client.live.reset(id, code: 3)
        scenario.run(.seconds(1))
        #expect(server.received[id] == [1, 2, 3])
        #expect(server.resets[id] == nil)
        server.send([4], on: id)
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        #expect(client.received[id] == [4])
        scenario.expectNothingLeft()
    }

    @Test("a reset in the middle of lossy data ends the stream at both ends", arguments: UInt64(1)...6)
    func resetRacesData(seed: UInt64) throws {
        let scenario = Scenario(seed: seed, conditions: .bad)
        let (client, server) = try scenario.connect()
        let source = pattern(400_000)
        let id = try client.open(.unidirectional, sending: source)
        scenario.run(.milliseconds(Int64(60 + seed * 40)))
        try client.live.reset(id, code: seed)
        #expect(scenario.run { server.saw(.streamClosed(id)) && client.saw(.streamClosed(id)) }, "seed \(seed)")
        #expect(server.resets[id] == seed, "seed \(seed)")
        let received = server.received[id] ?? []
        #expect(received == Array(source[..<received.count]), "seed \(seed)")
        scenario.expectNothingLeft()
    }

    @Test("the writer hears with which code the peer wants no more, and can write no more")
    func stopSending() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(.unidirectional, sending: pattern(1_000), finish: false)
        #expect(scenario.run { server.received[id]?.count == 1_000 })
        try server.live.stopSending(id, code: 42)
        #expect(scenario.run { client.saw(.streamStopped(id, code: 42)) })
        #expect(client.count(of: .streamStopped(id, code: 42)) == 1)
        if try client.live.isKnown(id) {
            #expect(refusal { try client.write([1], to: id) } == .streamStopped)
            #expect(refusal { try client.live.finish(id) } == .streamStopped)
            try client.live.reset(id, code: 1)
        }
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        #expect(server.resets[id] == nil)
        scenario.expectNothingLeft()
    }

    @Test("on a stopped bidirectional stream writing is refused with the reason while the other direction goes on")
    func stoppedOneWay() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: pattern(1_000), finish: false)
        #expect(scenario.run { server.received[id]?.count == 1_000 })
        try server.live.stopSending(id, code: 42)
        #expect(scenario.run { client.saw(.streamStopped(id, code: 42)) })
        #expect(refusal { try client.write([1], to: id) } == .streamStopped)
        #expect(refusal { try client.live.finish(id) } == .streamStopped)
        for chunk in scenario.simulation.resources.pool.makeChunk(copying: pattern(1).span.bytes) {
            #expect(refusal { _ = try client.live.write(chunk, to: id) } == .streamStopped)
        }
        server.send(pattern(5_000, seed: 1), on: id)
        #expect(scenario.run { client.ended.contains(id) })
        #expect(client.received[id] == pattern(5_000, seed: 1))
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        scenario.expectNothingLeft()
    }

    @Test("what was queued when the peer stopped reading is let go of")
    func stopDropsQueue() throws {
        let scenario = Scenario()
        scenario.serverConfiguration { $0.flowControl.streamWindow = 2_000 }
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.bidirectional, sending: pattern(100_000))
        #expect(scenario.run { server.saw(.streamReadable(id)) })
        #expect(try client.live.bytesUnacknowledged(on: id) > 90_000)
        try server.live.stopSending(id, code: 1)
        #expect(scenario.run { client.saw(.streamStopped(id, code: 1)) })
        scenario.run(.seconds(1))
        #expect(try client.live.bytesUnacknowledged(on: id) == 0)
        scenario.expectNothingLeft()
    }

    @Test("the peer can be told to stop before it was sent anything")
    func stopBeforeData() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.live.openStream(.bidirectional)
        try client.live.stopSending(id, code: 8)
        #expect(scenario.run { server.saw(.streamStopped(id, code: 8)) })
        #expect(try server.place(of: .streamOpened(id, early: false)) < server.place(of: .streamStopped(id, code: 8)))
        #expect(refusal { try server.write([1], to: id) } == .streamStopped)
        client.send(pattern(3_000), on: id)
        #expect(scenario.run { server.ended.contains(id) })
        #expect(server.received[id] == pattern(3_000))
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        scenario.expectNothingLeft()
    }

    @Test("both ends can stop each other")
    func stopBothWays() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: pattern(500), finish: false)
        #expect(scenario.run { server.received[id]?.count == 500 })
        server.send(pattern(600), on: id, finish: false)
        #expect(scenario.run { client.received[id]?.count == 600 })
        try client.live.stopSending(id, code: 1)
        try server.live.stopSending(id, code: 2)
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        #expect(client.count(of: .streamStopped(id, code: 2)) == 1)
        #expect(server.count(of: .streamStopped(id, code: 1)) == 1)
        #expect(client.count(of: .streamClosed(id)) == 1)
        #expect(server.count(of: .streamClosed(id)) == 1)
        scenario.expectNothingLeft()
    }

    @Test("after stopping, reading is refused, and stopping again changes nothing")
    func readAfterStop() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: pattern(500), finish: false)
        #expect(scenario.run { server.received[id]?.count == 500 })
        try server.live.stopSending(id, code: 1)
        try server.live.stopSending(id, code: 2)
        #expect(refusal { _ = try server.read(1, from: id) } == .streamStateMismatch)
        #expect(refusal { _ = try server.live.readChunk(id) } == .streamStateMismatch)
        #expect(scenario.run { client.saw(.streamStopped(id, code: 1)) })
        #expect(!client.saw(.streamStopped(id, code: 2)))
        scenario.expectNothingLeft()
    }

    @Test("stopping a stream that was received in full ends it without bothering the peer")
    func stopAfterEnd() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: pattern(5_000))
        #expect(scenario.run { client.saw(.streamClosed(id)) })
        try server.live.stopSending(id, code: 1)
        scenario.run(.seconds(1))
        #expect(server.count(of: .streamClosed(id)) == 1)
        #expect(!client.saw(.streamStopped(id, code: 1)))
        #expect(scenario.simulation.resources.pool.liveChunks == 0)
        scenario.expectNothingLeft()
    }

    @Test("a reset that was not read yet ends with stop-sending too")
    func stopAfterReset() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: pattern(500), finish: false)
        #expect(scenario.run { server.saw(.streamReadable(id)) })
        try client.live.reset(id, code: 6)
        #expect(scenario.run { client.saw(.streamClosed(id)) })
        #expect(try server.live.isKnown(id))
        try server.live.stopSending(id, code: 1)
        scenario.run(.seconds(1))
        #expect(server.count(of: .streamClosed(id)) == 1)
        scenario.expectNothingLeft()
    }
}

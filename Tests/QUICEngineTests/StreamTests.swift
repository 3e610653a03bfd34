import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Streams")
struct StreamTests {
    @Test(
        "five streams each way carry their bytes unchanged",
        arguments: [StreamDirection.bidirectional, .unidirectional])
    func fiveEachWay(direction: StreamDirection) throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        var fromClient: [StreamID: [UInt8]] = [:]
        var fromServer: [StreamID: [UInt8]] = [:]
        for index in 0..<5 {
            let up = pattern(20_000 + index * 7_919, seed: 1)
            let down = pattern(30_000 + index * 6_007, seed: 2)
            fromClient[try client.open(direction, sending: up)] = up
            fromServer[try server.open(direction, sending: down)] = down
        }
        #expect(scenario.run { client.ended.count == 5 && server.ended.count == 5 })
        #expect(server.received == fromClient)
        #expect(client.received == fromServer)
        #expect(fromClient.keys.allSatisfy { !$0.isInitiatedByServer })
        #expect(fromServer.keys.allSatisfy { $0.isInitiatedByServer })
        scenario.expectNothingLeft()
    }

    @Test("both directions of one stream carry their own bytes and end on their own")
    func bothDirections() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: pattern(50_000))
        #expect(scenario.run { server.ended.contains(id) })
        #expect(try client.live.isKnown(id))
        #expect(!client.saw(.streamClosed(id)))
        server.send(pattern(70_000, seed: 3), on: id)
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        #expect(server.received[id] == pattern(50_000))
        #expect(client.received[id] == pattern(70_000, seed: 3))
        scenario.expectNothingLeft()
    }

    @Test("an empty stream arrives as opened and ended, with no byte")
    func emptyStream() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(.unidirectional)
        #expect(scenario.run { server.ended.contains(id) })
        #expect(server.received[id] == nil)
        #expect(scenario.run { client.saw(.streamClosed(id)) && server.saw(.streamClosed(id)) })
        scenario.expectNothingLeft()
    }

    @Test("the end can come with the last byte or long after it", arguments: [true, false])
    func finWithAndWithoutData(together: Bool) throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(.unidirectional, sending: pattern(100), finish: together)
        scenario.run(.seconds(1))
        #expect(server.received[id] == pattern(100))
        #expect(server.ended.contains(id) == together)
        if !together { try client.live.finish(id) }
        #expect(scenario.run { server.ended.contains(id) })
        #expect(server.received[id] == pattern(100))
        scenario.expectNothingLeft()
    }

    @Test("the peer hears of a stream before it is told to read it")
    func openedBeforeReadable() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: [1, 2, 3], finish: false)
        #expect(scenario.run { server.received[id] == [1, 2, 3] })
        #expect(try server.place(of: .streamOpened(id, early: false)) < server.place(of: .streamReadable(id)))
        #expect(server.count(of: .streamOpened(id, early: false)) == 1)
        #expect(!client.saw(.streamOpened(id, early: false)))
        scenario.expectNothingLeft()
    }

    @Test("a stream is said to be closed once at each end, after both directions are over and read")
    func closedOnce() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(sending: pattern(5_000))
        #expect(scenario.run { server.saw(.streamReadable(id)) })
        server.send([9], on: id)
        scenario.run(.seconds(2))
        #expect(client.count(of: .streamClosed(id)) == 1)
        #expect(!server.saw(.streamClosed(id)))
        #expect(try server.live.isKnown(id))
        server.read(id)
        scenario.run(.seconds(2))
        #expect(server.count(of: .streamClosed(id)) == 1)
        #expect(client.count(of: .streamClosed(id)) == 1)
        #expect(try !server.live.isKnown(id))
        #expect(try server.live.statistics.streamsActive == 0)
        #expect(try server.live.statistics.streamsClosed == 1)
        scenario.expectNothingLeft()
    }

    @Test("a unidirectional stream of the peer ends as soon as it is read, on every version of the library")
    func remoteUnidirectionalEnds() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        for _ in 0..<3 {
            let id = try client.open(.unidirectional, sending: pattern(3_000))
            #expect(scenario.run { server.saw(.streamClosed(id)) && client.saw(.streamClosed(id)) })
            #expect(try !server.live.isKnown(id))
            #expect(server.count(of: .streamClosed(id)) == 1)
        }
        scenario.expectNothingLeft()
    }

    @Test("nothing can be written behind the end, and finishing twice changes nothing")
    func writeAfterFinish() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.live.openStream(.bidirectional)
        try client.write([1, 2], to: id)
        try client.live.finish(id)
        try client.live.finish(id)
        #expect(refusal { try client.write([3], to: id) } == .streamStateMismatch)
        for chunk in scenario.simulation.resources.pool.makeChunk(copying: pattern(1).span.bytes) {
            #expect(refusal { _ = try client.live.write(chunk, to: id) } == .streamStateMismatch)
        }
        #expect(scenario.run { server.ended.contains(id) })
        #expect(server.received[id] == [1, 2])
        scenario.expectNothingLeft()
    }

    @Test("the peer's unidirectional stream takes no writing, and one's own no reading")
    func wrongDirection() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: [1], finish: false)
        #expect(scenario.run { server.saw(.streamReadable(id)) })
        #expect(refusal { try server.write([1], to: id) } == .streamStateMismatch)
        #expect(refusal { try server.live.finish(id) } == .streamStateMismatch)
        #expect(refusal { try server.live.reset(id, code: 1) } == .streamStateMismatch)
        #expect(refusal { try server.live.notifyWhenAcknowledged(id) } == .streamStateMismatch)
        #expect(refusal { _ = try client.read(10, from: id) } == .streamStateMismatch)
        #expect(refusal { _ = try client.live.readChunk(id) } == .streamStateMismatch)
        #expect(refusal { try client.live.stopSending(id, code: 1) } == .streamStateMismatch)
        scenario.expectNothingLeft()
    }

    @Test("a stream that does not exist is refused by every call")
    func unknownStream() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        let id = StreamID(400)
        #expect(refusal { try client.write([1], to: id) } == .streamNotFound)
        #expect(refusal { try client.live.finish(id) } == .streamNotFound)
        #expect(refusal { try client.live.reset(id, code: 0) } == .streamNotFound)
        #expect(refusal { try client.live.stopSending(id, code: 0) } == .streamNotFound)
        #expect(refusal { try client.live.setPriority(.normal, of: id) } == .streamNotFound)
        #expect(refusal { try client.live.notifyWhenAcknowledged(id) } == .streamNotFound)
        #expect(refusal { _ = try client.read(1, from: id) } == .streamNotFound)
        #expect(refusal { _ = try client.live.readChunk(id) } == .streamNotFound)
        #expect(try !client.live.isKnown(id))
        #expect(try client.live.bytesReadable(on: id) == 0)
        #expect(try client.live.bytesUnacknowledged(on: id) == 0)
        scenario.expectNothingLeft()
    }

    @Test("on a connection that is over no stream can be opened")
    func afterClose() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        try client.live.close(now: scenario.now)
        #expect(refusal { _ = try client.live.openStream(.bidirectional) } == .connectionStateMismatch)
        #expect(try client.live.streamsLeft(.bidirectional) == 0)
        scenario.expectNothingLeft()
    }

    @Test("unread and unacknowledged bytes are counted while they wait")
    func counters() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.live.openStream(.unidirectional)
        try client.write(pattern(3_000), to: id)
        #expect(try client.live.bytesUnacknowledged(on: id) == 3_000)
        scenario.run(.seconds(1))
        #expect(try client.live.bytesUnacknowledged(on: id) == 0)
        #expect(try server.live.bytesReadable(on: id) == 3_000)
        #expect(try server.read(1_000, from: id).bytes == Array(pattern(3_000)[..<1_000]))
        #expect(try server.live.bytesReadable(on: id) == 2_000)
        #expect(try server.read(5_000, from: id).bytes == Array(pattern(3_000)[1_000...]))
        #expect(try server.read(5_000, from: id).result == .bytes(0))
        scenario.expectNothingLeft()
    }

    @Test("a read without room takes nothing, and does not end a stream that has bytes left")
    func readWithoutRoom() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: [1, 2, 3])
        #expect(scenario.run { client.saw(.streamClosed(id)) })
        #expect(try server.read(0, from: id).result == .bytes(0))
        #expect(try server.live.isKnown(id))
        #expect(try server.read(10, from: id).bytes == [1, 2, 3])
        #expect(try server.read(0, from: id).result == .end)
        #expect(try !server.live.isKnown(id))
        scenario.expectNothingLeft()
    }

    @Test("chunks can be taken without copying, up to the end, and outlive the connection")
    func readChunks() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: pattern(40_000))
        #expect(scenario.run { client.saw(.streamClosed(id)) })
        var chunks: [Chunk] = []
        while let chunk = try server.live.readChunk(id) { chunks.append(chunk) }
        #expect(try server.read(1, from: id).result == .end)
        #expect(scenario.run { server.saw(.streamClosed(id)) })
        try client.live.close(now: scenario.now)
        scenario.run(.seconds(10))
        #expect(chunks.flatMap(\.bytes) == pattern(40_000))
        chunks.removeAll()
        scenario.expectNothingLeft()
    }

    @Test("pieces that are lent come in order, whatever part of each is taken, and are used again")
    func lending() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: pattern(40_000))
        #expect(scenario.run { client.saw(.streamClosed(id)) })
        var bytes: [UInt8] = []
        while let count = try server.live.withNextBytes(
            of: id,
            { lent in
                let wanted = lent.byteOffsets.prefix(7_000)
                for index in wanted { bytes.append(lent.byte(at: index)) }
                return wanted.count
            })
        {
            #expect(1...7_000 ~= count)
        }
        #expect(bytes == pattern(40_000))
        #expect(try server.live.bytesReadable(on: id) == 0)
        #expect(try server.read(1, from: id).result == .end)
        #expect(scenario.run { server.saw(.streamClosed(id)) })
        scenario.expectNothingLeft()
    }

    @Test("what is left of a lent piece is told of again with what comes next")
    func lendingLess() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: [1, 2, 3], finish: false)
        #expect(scenario.run { server.saw(.streamReadable(id)) })
        let before = server.count(of: .streamReadable(id))
        // More than there is, and less than nothing, change no more than what there is.
        #expect(try server.live.withNextBytes(of: id) { _ in -5 } == 0)
        #expect(try client.live.write([UInt8(4)].span.bytes, to: id) == 1)
        #expect(scenario.run { server.count(of: .streamReadable(id)) == before + 1 })
        #expect(try server.live.withNextBytes(of: id) { $0.byte(at: 3) == 4 ? 9 : 0 } == 4)
        #expect(try server.live.withNextBytes(of: id) { _ in 1 } == nil)
    }

    @Test("who reads the stream while a piece of it is lent takes nothing twice")
    func lendingAndReading() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(.unidirectional, sending: [1, 2, 3])
        #expect(scenario.run { client.saw(.streamClosed(id)) })
        var inner: [UInt8] = []
        let outer = try server.live.withNextBytes(of: id) { lent in
            inner = (try? server.live.readChunk(id))?.bytes ?? []
            return lent.byteCount
        }
        #expect(inner == [1, 2, 3])
        #expect(outer == 0)
        #expect(try server.read(1, from: id).result == .end)
        scenario.expectNothingLeft()
    }

    @Test("tells once when all that was written has been received, also when that is so already")
    func acknowledged() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        let id = try client.open(sending: pattern(10_000), finish: false)
        try client.live.notifyWhenAcknowledged(id)
        #expect(!client.saw(.streamAcknowledged(id)))
        #expect(scenario.run { client.saw(.streamAcknowledged(id)) })
        #expect(try client.live.bytesUnacknowledged(on: id) == 0)
        scenario.run(.seconds(1))
        #expect(client.count(of: .streamAcknowledged(id)) == 1)
        try client.live.notifyWhenAcknowledged(id)
        scenario.run(.seconds(1))
        #expect(client.count(of: .streamAcknowledged(id)) == 2)
        scenario.expectNothingLeft()
    }

    @Test("filled chunks are sent without copying, and freed when they are acknowledged")
    func writeChunks() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let id = try client.live.openStream(.unidirectional)
        for chunk in scenario.simulation.resources.pool.makeChunk(copying: pattern(100_000).span.bytes) {
            #expect(try client.live.write(chunk, to: id) == true)
        }
        try client.live.finish(id)
        #expect(scenario.run { server.ended.contains(id) && client.saw(.streamClosed(id)) })
        #expect(server.received[id] == pattern(100_000))
        #expect(scenario.simulation.resources.pool.liveChunks == 0)
        scenario.expectNothingLeft()
    }
}

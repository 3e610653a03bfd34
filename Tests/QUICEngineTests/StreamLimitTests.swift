import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Stream limits")
struct StreamLimitTests {
    @Test(
        "ten thousand streams go over one connection one after another, and nothing of them is left",
        arguments: [StreamDirection.bidirectional, .unidirectional])
    func tenThousand(direction: StreamDirection) throws {
        let scenario = Scenario(conditions: LinkConditions(delay: .milliseconds(1)))
        let (client, server) = try scenario.connect()
        for connection in [client, server] { connection.keepsRecords = false }
        var opened = 0
        var finishedAtServer = 0
        var bytesAtServer = 0
        var failure: (any Error)?
        func openNext(_ connection: SimulatedConnection) {
            guard opened < 10_000 else { return }
            opened += 1
            do { try connection.open(direction, sending: [1, 2, 3]) } catch { failure = error }
        }
        server.onBytes = { _, bytes in bytesAtServer += bytes.count }
        server.onEvent = { connection, event in
            switch event {
            case .streamOpened(let id, _) where id.isBidirectional: connection.send([4, 5], on: id)
            case .streamClosed: finishedAtServer += 1
            default: break
            }
        }
        client.onEvent = { connection, event in
            if case .streamClosed = event { openNext(connection) }
        }
        openNext(client)
        #expect(scenario.run(.seconds(600)) { finishedAtServer == 10_000 || failure != nil })
        #expect(failure == nil)
        #expect(bytesAtServer == 30_000)
        scenario.run(.seconds(1))
        #expect(try client.live.streams.count == 0)
        #expect(try server.live.streams.count == 0)
        #expect(try client.live.statistics.streamsOpened == 10_000)
        #expect(try server.live.statistics.streamsClosed == 10_000)
        let pool = scenario.simulation.resources.pool
        #expect(pool.liveChunks == 0)
        // No more than a few chunks were ever needed at a time.
        #expect(pool.idleBytes <= 100_000)
        client.onEvent = nil
        scenario.expectNothingLeft()
    }

    @Test("places of streams that are over are given back a quarter at a time, and one by one where there are few")
    func placesComeBackTogether() throws {
        for (limit, afterOne) in [(UInt64(8), UInt64(7)), (3, 3)] {
            let scenario = Scenario()
            scenario.serverConfiguration { $0.streams.unidirectional = limit }
            let (client, server) = try scenario.connect()
            var closed = 0
            server.onEvent = { _, event in if case .streamClosed = event { closed += 1 } }
            for (count, left) in [(1, afterOne), (2, limit)] {
                try client.open(.unidirectional, sending: [1])
                #expect(scenario.run(.seconds(5)) { closed == count })
                scenario.run(.seconds(1))
                #expect(try client.live.streamsLeft(.unidirectional) == left)
            }
            server.onEvent = nil
            scenario.expectNothingLeft()
        }
    }

    @Test(
        "with many streams that stay, the few other places come back before the peer has none",
        arguments: [true, false])
    func placesBesideLongLivedStreams(staysFirst: Bool) throws {
        let scenario = Scenario()
        scenario.serverConfiguration { $0.streams.unidirectional = 20 }
        let (client, server) = try scenario.connect()
        func openLasting(_ count: Int) throws {
            for _ in 0..<count { try client.open(.unidirectional, sending: [1], finish: false) }
        }
        var closed = 0
        server.onEvent = { _, event in if case .streamClosed = event { closed += 1 } }
        func openShort(_ count: Int) throws {
            let goal = closed + count
            for _ in 0..<count { try client.open(.unidirectional, sending: [2]) }
            #expect(scenario.run(.seconds(5)) { closed == goal })
            scenario.run(.seconds(1))
        }
        if staysFirst {
            try openLasting(17)
        } else {
            // Four are over and not given back yet when the places that are left are taken by streams that stay.
            try openShort(4)
            try openLasting(16)
            scenario.run(.seconds(1))
            try openLasting(1)
        }
        for _ in 0..<10 { try openShort(1) }
        for _ in 0..<3 {
            try openLasting(1)
            scenario.run(.seconds(1))
        }
        #expect(refusal { try client.open(.unidirectional) } == .streamLimitReached)
        server.onEvent = nil
        scenario.expectNothingLeft()
    }

    @Test("a thousand streams are open at once, and each gets its own bytes")
    func thousandAtOnce() throws {
        let scenario = Scenario()
        scenario.serverConfiguration { $0.streams.bidirectional = 1_000 }
        let (client, server) = try scenario.connect()
        server.onEvent = { connection, event in
            if case .streamReadable(let id) = event, connection.ended.contains(id) {
                connection.send(connection.received[id] ?? [], on: id)
            }
        }
        var sent: [StreamID: [UInt8]] = [:]
        for index in 0..<1_000 {
            let bytes = pattern(100 + index % 700, seed: UInt64(index))
            sent[try client.open(sending: bytes, finish: false)] = bytes
        }
        #expect(refusal { try client.open() } == .streamLimitReached)
        #expect(scenario.run { server.received.count == 1_000 })
        #expect(try server.live.statistics.streamsActive == 1_000)
        for id in sent.keys.sorted() { try client.live.finish(id) }
        #expect(scenario.run { client.ended.count == 1_000 })
        #expect(client.received == sent)
        #expect(scenario.run { (try? server.live.statistics.streamsActive) == 0 })
        server.onEvent = nil
        scenario.expectNothingLeft()
    }

    @Test("at the limit opening is refused, and the event tells when another stream may be opened")
    func limitReached() throws {
        let scenario = Scenario()
        scenario.serverConfiguration {
            $0.streams.bidirectional = 2
            $0.streams.unidirectional = 1
        }
        let (client, server) = try scenario.connect()
        #expect(try client.live.streamsLeft(.bidirectional) == 2)
        #expect(try client.live.streamsLeft(.unidirectional) == 1)
        let first = try client.open(sending: [1], finish: false)
        try client.open(sending: [2], finish: false)
        #expect(refusal { try client.open() } == .streamLimitReached)
        #expect(try client.live.streamsLeft(.bidirectional) == 0)
        try client.open(.unidirectional, sending: [3], finish: false)
        #expect(refusal { try client.open(.unidirectional) } == .streamLimitReached)
        let before = client.count(of: .streamsAvailable(.bidirectional))
        try client.live.finish(first)
        #expect(scenario.run { server.ended.contains(first) })
        server.send([], on: first)
        #expect(scenario.run { client.count(of: .streamsAvailable(.bidirectional)) == before + 1 })
        #expect(try client.live.streamsLeft(.bidirectional) == 1)
        try client.open(sending: [4])
        scenario.expectNothingLeft()
    }

    @Test(
        "a peer that does not read a stream to its end gets no new one in its place",
        arguments: [StreamDirection.bidirectional, .unidirectional])
    func extendedOnlyWhenDone(direction: StreamDirection) throws {
        let scenario = Scenario()
        scenario.serverConfiguration {
            $0.streams.bidirectional = 1
            $0.streams.unidirectional = 1
        }
        let (client, server) = try scenario.connect()
        server.readsAutomatically = false
        let id = try client.open(direction, sending: pattern(100))
        #expect(scenario.run { server.saw(.streamReadable(id)) })
        if direction == .bidirectional { server.send([1], on: id) }
        scenario.run(.seconds(5))
        #expect(try client.live.streamsLeft(direction) == 0)
        #expect(refusal { try client.open(direction) } == .streamLimitReached)
        #expect(try server.read(100, from: id).bytes == pattern(100))
        scenario.run(.seconds(1))
        #expect(try client.live.streamsLeft(direction) == 0)
        #expect(try server.read(1, from: id).result == .end)
        #expect(scenario.run { (try? client.live.streamsLeft(direction)) == 1 })
        try client.open(direction, sending: [2])
        scenario.expectNothingLeft()
    }

    @Test("a bidirectional stream counts until its other direction is over too")
    func otherDirection() throws {
        let scenario = Scenario()
        scenario.serverConfiguration { $0.streams.bidirectional = 1 }
        let (client, server) = try scenario.connect()
        let id = try client.open(sending: pattern(100))
        #expect(scenario.run { server.ended.contains(id) })
        scenario.run(.seconds(2))
        #expect(try client.live.streamsLeft(.bidirectional) == 0)
        server.send([1], on: id)
        #expect(scenario.run { (try? client.live.streamsLeft(.bidirectional)) == 1 })
        scenario.expectNothingLeft()
    }

    @Test("streams that were stopped or reset make room for others", arguments: [true, false])
    func abandonedStreams(byReset: Bool) throws {
        let scenario = Scenario()
        scenario.serverConfiguration { $0.streams.unidirectional = 1 }
        let (client, server) = try scenario.connect()
        for _ in 0..<5 {
            let id = try client.open(.unidirectional, sending: [1], finish: false)
            #expect(scenario.run { server.received[id] == [1] })
            if byReset { try client.live.reset(id, code: 1) } else { try server.live.stopSending(id, code: 1) }
            #expect(scenario.run { (try? client.live.streamsLeft(.unidirectional)) == 1 })
            #expect(scenario.run { server.saw(.streamClosed(id)) && client.saw(.streamClosed(id)) })
        }
        scenario.expectNothingLeft()
    }

    @Test("limits of zero allow no stream at all, and the connection works")
    func zeroLimits() throws {
        let scenario = Scenario()
        scenario.serverConfiguration {
            $0.streams.bidirectional = 0
            $0.streams.unidirectional = 0
        }
        let (client, server) = try scenario.connect()
        #expect(refusal { try client.open() } == .streamLimitReached)
        #expect(refusal { try client.open(.unidirectional) } == .streamLimitReached)
        #expect(!client.saw(.streamsAvailable(.bidirectional)))
        #expect(!client.saw(.streamsAvailable(.unidirectional)))
        let id = try server.open(sending: pattern(1_000))
        #expect(scenario.run { client.ended.contains(id) })
        scenario.expectNothingLeft()
    }
}

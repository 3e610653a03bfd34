internal import Testing

@testable internal import LibP2P

@Suite struct YamuxSessionTests {
    private static let window = Int(YamuxSession.initialWindow)

    private static func header(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ number: UInt32) -> [UInt8] {
        [0, type, 0, flags, 0, 0, 0, stream] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    /// A server with stream 1 of its peer.
    private static func server() throws -> YamuxSession {
        var server = YamuxSession(.server)
        try server.receive(Self.header(1, 1, 1, 0))
        #expect(server.accept() == 1)
        #expect(server.takeOutput().hex == "000100020000000100000000")
        return server
    }

    @Test("A stream that is opened, written to, ended and reset has these bytes")
    func bytes() {
        var client = YamuxSession(.client)
        #expect(client.open() == 1)
        #expect(client.takeOutput().hex == "000100010000000100000000")
        #expect(client.write([0xAA, 0xBB], to: 1) == .done(2))
        #expect(client.takeOutput().hex == "000000000000000100000002aabb")
        client.finish(1)
        #expect(client.takeOutput().hex == "000100040000000100000000")
        client.finish(1)
        client.reset(1, .protocolViolation)
        #expect(client.takeOutput().hex == "000100080000000100001004")
        client.reset(1, .protocolViolation)
        client.sayFarewell(0x1006)
        client.sayFarewell(0)
        #expect(client.takeOutput().hex == "000300000000000000001006")
    }

    @Test("A client opens odd streams, a server even ones")
    func numbers() {
        var (client, server) = (YamuxSession(.client), YamuxSession(.server))
        #expect([client.open(), client.open(), client.open()] == [1, 3, 5])
        #expect([server.open(), server.open(), server.open()] == [2, 4, 6])
    }

    @Test("What two ends say to each other arrives in whatever pieces", arguments: [1, 2, 3, 4] as [UInt64])
    func exchange(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var (client, server) = (YamuxSession(.client), YamuxSession(.server))
        let messages = (0..<20).map { _ in
            [UInt8].random(count: Int.random(in: 0...40_000, using: &random), using: &random)
        }
        let ids = messages.map { _ in client.open() ?? 0 }
        var (sent, received) = (messages.map { _ in 0 }, messages.map { _ in [UInt8]() })
        var (wire, ended) = ([UInt8](), Set<UInt32>())
        while ended.count < ids.count {
            let index = Int.random(in: ids.indices, using: &random)
            if case .done(let count) = client.write(messages[index][sent[index]...].prefix(5_000), to: ids[index]) {
                sent[index] += count
            }
            if sent[index] == messages[index].count { client.finish(ids[index]) }
            wire += client.takeOutput()
            let count = min(wire.count, Int.random(in: 1...9_000, using: &random))
            try server.receive(Array(wire.prefix(count)))
            wire.removeFirst(count)
            while server.accept() != nil {}
            for (index, id) in ids.enumerated() where server.streams[id] != nil {
                switch server.read(from: id, maximum: 3_000) {
                case .done(let bytes): received[index] += bytes
                case .end:
                    server.finish(id)
                    ended.insert(id)
                case .wait: break
                case .reset: Issue.record("seed \(seed): stream \(id) was reset")
                }
            }
            try client.receive(server.takeOutput())
        }
        #expect(received == messages, "seed \(seed)")
        #expect(client.streams.isEmpty && server.streams.isEmpty, "seed \(seed)")
    }

    @Test("A writer stops at the peer's window and goes on once half of it was read")
    func window() throws {
        var (client, server) = (YamuxSession(.client), YamuxSession(.server))
        let opened = client.open()
        let id = try #require(opened)
        let data = [UInt8](repeating: 7, count: Self.window + 5)
        var sent = 0
        while case .done(let count) = client.write(data[sent...], to: id) {
            sent += count
            try server.receive(client.takeOutput())
        }
        #expect(sent == Self.window)
        #expect(server.accept() == id)
        try client.receive(server.takeOutput())
        #expect(server.read(from: id, maximum: Self.window / 2 - 1) == .done(Array(data.prefix(Self.window / 2 - 1))))
        #expect(server.takeOutput().isEmpty)
        #expect(client.write(data[sent...], to: id) == .wait)
        #expect(server.read(from: id, maximum: 1) == .done([7]))
        try client.receive(server.takeOutput())
        #expect(client.write(data[sent...], to: id) == .done(5))
    }

    @Test("No more than a window waits to be sent")
    func outputIsBounded() throws {
        var client = YamuxSession(.client)
        let ids = (0..<5).map { _ in client.open() ?? 0 }
        let data = [UInt8](repeating: 7, count: Self.window)
        for id in ids { while case .done = client.write(data[...], to: id) {} }
        #expect(client.output.count <= YamuxSession.maximumOutput + YamuxSession.maximumFrame)
        _ = client.takeOutput()
        #expect(client.write(data[...], to: ids[4]) == .done(YamuxSession.maximumFrame))
    }

    @Test("A byte beyond the window is a fault, and the last one within it is not")
    func windowViolation() throws {
        var server = try Self.server()
        let count = YamuxSession.initialWindow
        try server.receive(Self.header(0, 0, 1, count) + [UInt8](repeating: 1, count: Int(count)))
        try server.receive(Self.header(0, 0, 1, 0))
        #expect(throws: YamuxFault.self) { try server.receive(Self.header(0, 0, 1, 1)) }
    }

    @Test("A length of 4 GiB is refused before its data comes")
    func hugeLength() throws {
        var server = try Self.server()
        #expect(throws: YamuxFault.self) { try server.receive(Self.header(0, 0, 1, .max)) }
    }

    @Test("No more than 16 MiB wait to be read, over all streams, and what is read or dropped makes room")
    func waitingIsBounded() throws {
        var server = YamuxSession(.server)
        let data = [UInt8](repeating: 1, count: Self.window)
        let full = Self.header(0, 0, 1, UInt32(Self.window)) + data
        func frame(_ number: Int) -> [UInt8] {
            var frame = full
            (frame[6], frame[7]) = (UInt8(number >> 8), UInt8(number & 0xFF))
            return frame
        }
        func open(_ number: Int) -> [UInt8] {
            [0, 1, 0, 1, 0, 0, UInt8(number >> 8), UInt8(number & 0xFF), 0, 0, 0, 0]
        }
        for number in 0..<64 { try server.receive(open(2 * number + 1) + frame(2 * number + 1)) }
        #expect(server.waiting == YamuxSession.maximumWaiting)
        _ = server.read(from: 1, maximum: Self.window)
        server.reset(3, .none)
        server.discard(5)
        #expect(server.waiting == YamuxSession.maximumWaiting - 3 * Self.window)
        for number in 64..<67 { try server.receive(open(2 * number + 1) + frame(2 * number + 1)) }
        #expect(throws: YamuxFault.self) { try server.receive(open(201) + frame(201)) }
    }

    @Test("A window of more than 4 GiB is a fault")
    func windowOverflow() throws {
        var server = try Self.server()
        try server.receive(Self.header(1, 0, 1, .max - YamuxSession.initialWindow))
        #expect(throws: YamuxFault.self) { try server.receive(Self.header(1, 0, 1, 1)) }
    }

    @Test("Of the peer's streams 256 are taken, the next is refused, and there is room again when one has ended")
    func streamLimit() throws {
        var (client, server) = (YamuxSession(.client), YamuxSession(.server))
        while client.open() != nil {}
        #expect(client.openedCount == 256)
        try server.receive(client.takeOutput())
        #expect(server.arrivals.count == 256)
        try server.receive([0, 1, 0, 1, 0, 0, 2, 1, 0, 0, 0, 0])
        #expect(server.takeOutput().hex == "000100080000020100000000")
        while server.accept() != nil {}
        server.reset(1, .none)
        try client.receive(server.takeOutput())
        #expect(client.read(from: 1, maximum: 1) == .reset(.none))
        client.reset(1, .none)
        #expect(client.open() == 513)
        try server.receive(client.takeOutput())
        #expect(server.accept() == 513)
    }

    @Test("A ping is answered with its number, an answer is not")
    func ping() throws {
        var server = YamuxSession(.server)
        try server.receive(Self.header(2, 1, 0, 0xDEAD))
        #expect(server.takeOutput() == Self.header(2, 2, 0, 0xDEAD))
        try server.receive(Self.header(2, 2, 0, 0xDEAD))
        #expect(server.takeOutput().isEmpty)
    }

    @Test("A peer that pings and never reads is at fault")
    func pingFlood() throws {
        var server = YamuxSession(.server)
        let pings = YamuxSession.maximumAnswers / 12
        for _ in 0..<pings { try server.receive(Self.header(2, 1, 0, 1)) }
        #expect(throws: YamuxFault.self) { try server.receive(Self.header(2, 1, 0, 1)) }
    }

    private static let faults: [(String, [UInt8])] = [
        ("version 1", [1] + header(0, 0, 1, 0).dropFirst()), ("type 4", header(4, 0, 1, 0)),
        ("data on stream 0", header(0, 0, 0, 0)), ("a window for stream 0", header(1, 0, 0, 0)),
        ("a ping on stream 1", header(2, 1, 1, 0)), ("a farewell on stream 1", header(3, 0, 1, 0)),
        ("a stream opened twice", header(1, 1, 1, 0)), ("a stream with our number", header(1, 1, 2, 0)),
        ("data for a stream of ours that was never opened", header(0, 0, 2, 0)),
    ]

    @Test("What yamux does not allow is a fault", arguments: faults)
    func violations(what: String, bytes: [UInt8]) throws {
        var server = try Self.server()
        #expect(throws: YamuxFault.self, "\(what)") { try server.receive(bytes) }
    }

    @Test("Data for a stream that was reset here is passed over, whatever its length")
    func lateData() throws {
        var server = try Self.server()
        server.reset(1, .none)
        _ = server.takeOutput()
        try server.receive(Self.header(0, 0, 1, 300_000) + [UInt8](repeating: 9, count: 300_000))
        try server.receive(Self.header(2, 1, 0, 5))
        #expect(server.takeOutput() == Self.header(2, 2, 0, 5))
    }

    @Test("A reset carries its code, and no data is read after it")
    func reset() throws {
        var server = try Self.server()
        try server.receive(Self.header(0, 0, 1, 1) + [5] + Self.header(1, 8, 1, 0x1004))
        #expect(server.read(from: 1, maximum: 10) == .reset(.protocolViolation))
        #expect(server.write([1], to: 1) == .reset(.protocolViolation))
    }

    @Test("A peer that says goodbye gets no more streams of ours, and its streams go on")
    func farewell() throws {
        var server = try Self.server()
        try server.receive(Self.header(3, 0, 0, 0) + Self.header(0, 4, 1, 1) + [5])
        #expect(server.open() == nil)
        #expect(server.read(from: 1, maximum: 10) == .done([5]))
        #expect(server.read(from: 1, maximum: 10) == .end)
        #expect(server.write([1], to: 1) == .done(1))
    }

    @Test("Data that nobody wants is passed over, and the peer may go on sending")
    func discarded() throws {
        var (client, server) = (YamuxSession(.client), YamuxSession(.server))
        let opened = client.open()
        let id = try #require(opened)
        try server.receive(client.takeOutput())
        #expect(server.accept() == id)
        server.discard(id)
        let data = [UInt8](repeating: 7, count: 16_384)
        for _ in 0..<100 {
            #expect(client.write(data[...], to: id) == .done(16_384))
            try server.receive(client.takeOutput())
            try client.receive(server.takeOutput())
        }
        #expect(server.streams[id]?.received.isEmpty == true)
    }

    @Test(
        "Random frames are taken or refused, and never more than the windows is kept",
        arguments: 1...6 as ClosedRange<UInt64>)
    func garbage(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var faults = 0
        for _ in 0..<300 {
            var session = YamuxSession(seed % 2 == 0 ? .client : .server)
            _ = session.open()
            do throws(YamuxFault) {
                for _ in 0..<30 {
                    let frame: [UInt8] = [
                        random.next() % 50 == 0 ? 1 : 0, UInt8(random.next() % 4), 0, UInt8(random.next() % 16),
                        0, 0, 0, UInt8(random.next() % 6), 0, 0, UInt8(random.next() % 3), UInt8(random.next() % 256),
                    ]
                    let body = [UInt8](repeating: 1, count: Int.random(in: 0...600, using: &random))
                    try session.receive(frame + body)
                    if random.next() % 3 == 0 { _ = session.accept() }
                    if random.next() % 3 == 0 { _ = session.read(from: UInt32(random.next() % 6), maximum: 99) }
                    if random.next() % 9 == 0 { session.reset(UInt32(random.next() % 6), .none) }
                }
            } catch {
                faults += 1
            }
            let kept = session.streams.values.reduce(0) { $0 + $1.received.count }
            #expect(kept == session.waiting, "seed \(seed)")
            #expect(kept <= session.streams.count * Self.window, "seed \(seed)")
        }
        #expect(faults > 0, "seed \(seed)")
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Close")
struct CloseTests {
    @Test("before the first packet ends the connection at once, and nothing is sent", arguments: [true, false])
    func beforeFirstPacket(isApplication: Bool) throws {
        let scenario = Scenario()
        let client = try scenario.dial()
        if isApplication {
            try client.engine?.close(applicationCode: 7, reason: "never mind", now: scenario.now)
        } else {
            try client.engine?.close(transportCode: 2, reason: "never mind", now: scenario.now)
        }
        #expect(client.phase == .closed)
        scenario.run()
        #expect(
            client.closeReason
                == ConnectionCloseReason(.local, isApplication ? .application(7) : .transport(2), reason: "never mind"))
        #expect(client.events.last == .terminated)
        #expect(scenario.simulation.network.statistics.sent == 0)
        scenario.expectNothingLeft()
    }

    @Test("by a client during the handshake reaches the server, without what is the application's own business")
    func clientInHandshake() throws {
        let scenario = Scenario()
        let client = try scenario.dial()
        scenario.run(.milliseconds(5))
        try client.engine?.close(applicationCode: 7, reason: "secret", now: scenario.now)
        #expect(client.phase == .closing)
        scenario.run(.milliseconds(50))
        let server = try #require(scenario.server.accepted.first)
        #expect(client.closeReason?.code == .application(7))
        // RFC 9000 §10.2.3: keys that everybody can derive protect those packets.
        #expect(server.closeReason == ConnectionCloseReason(.peer, .transport(0x0c), reason: ""))
        scenario.expectNothingLeft()
    }

    @Test("by a server during the handshake reaches the client")
    func serverInHandshake() throws {
        let scenario = Scenario()
        let client = try scenario.dial()
        scenario.run { !scenario.server.accepted.isEmpty }
        let server = try #require(scenario.server.accepted.first)
        #expect(server.phase == .handshaking)
        try server.engine?.close(transportCode: 2, reason: "too busy", now: scenario.now)
        scenario.run { client.closeReason != nil }
        #expect(client.closeReason == ConnectionCloseReason(.peer, .transport(2), reason: "too busy"))
        scenario.expectNothingLeft()
    }

    @Test("by a client that is connected, before the server has heard of it, reaches the server")
    func clientConnected() throws {
        let scenario = Scenario()
        let client = try scenario.dial()
        client.onEvent = { connection, event in
            guard event == .handshakeCompleted else { return }
            #expect(connection.phase == .connected)
            try? connection.engine?.close(applicationCode: 9, reason: "at once", now: scenario.now)
        }
        scenario.run { scenario.server.accepted.first?.closeReason != nil }
        let server = try #require(scenario.server.accepted.first)
        #expect(client.closeReason?.code == .application(9))
        #expect(server.closeReason?.closedBy == .peer)
        #expect([.application(9), .transport(0x0c)].contains(server.closeReason?.code))
        scenario.expectNothingLeft()
    }

    @Test("tells the peer code and reason", arguments: [true, false], [true, false])
    func confirmed(byServer: Bool, isApplication: Bool) throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let (one, other) = byServer ? (server, client) : (client, server)
        if isApplication {
            try one.engine?.close(applicationCode: 1 << 62 - 1, reason: "good bye", now: scenario.now)
        } else {
            try one.engine?.close(transportCode: 1, reason: "good bye", now: scenario.now)
        }
        #expect(one.phase == .closing)
        #expect(scenario.run(.milliseconds(15)) { other.closeReason != nil })
        #expect(other.phase == .draining)
        let code: ConnectionCloseReason.Code = isApplication ? .application(1 << 62 - 1) : .transport(1)
        #expect(one.closeReason == ConnectionCloseReason(.local, code, reason: "good bye"))
        #expect(other.closeReason == ConnectionCloseReason(.peer, code, reason: "good bye"))
        scenario.expectNothingLeft()
    }

    @Test("closing again, or after the peer, changes nothing")
    func again() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        try client.engine?.close(applicationCode: 1, reason: "first", now: scenario.now)
        let deadline = client.engine?.nextTimeout
        try client.engine?.close(transportCode: 2, reason: "second", now: scenario.now)
        #expect(client.engine?.closeReason?.code == .application(1))
        #expect(client.engine?.nextTimeout == deadline)
        scenario.run(.milliseconds(15)) { server.closeReason != nil }
        try server.engine?.close(applicationCode: 3, reason: "third", now: scenario.now)
        #expect(server.phase == .draining)
        #expect(server.closeReason == ConnectionCloseReason(.peer, .application(1), reason: "first"))
        try client.withEngine { engine in
            scenario.run(.seconds(2))
            #expect(engine.phase == .closed)
            try engine.close(applicationCode: 4, now: scenario.now)
            engine.abandon(now: scenario.now)
            #expect(engine.closeReason?.code == .application(1))
            #expect(engine.drainEvents().isEmpty)
            #expect(engine.nextTimeout == nil)
        }
        #expect(client.events.filter { if case .closed = $0 { true } else { false } }.count == 1)
        scenario.expectNothingLeft()
    }

    @Test("refuses codes that do not fit 62 bits, and the connection goes on")
    func codeOutOfRange() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        for code in [1 << 62, UInt64.max] {
            let refusals = [
                #expect(throws: EngineError.self) {
                    try client.engine?.close(applicationCode: code, now: scenario.now)
                },
                #expect(throws: EngineError.self) { try client.engine?.close(transportCode: code, now: scenario.now) },
            ]
            #expect(refusals.map(\.?.code) == [.codeOutOfRange, .codeOutOfRange])
        }
        #expect(client.phase == .confirmed)
        try client.open(sending: pattern(1_000))
        #expect(scenario.run { server.ended.count == 1 })
        scenario.expectNothingLeft()
    }

    @Test(
        "cuts a long reason between two characters",
        arguments: [
            (String(repeating: "a", count: 300), 256), (String(repeating: "é", count: 200), 256),
            ("a" + String(repeating: "é", count: 200), 255),
            ("ab" + String(repeating: "€", count: 200), 254),
            (String(repeating: "😀", count: 100), 256), ("abc" + String(repeating: "😀", count: 100), 255), ("", 0),
        ])
    func longReason(reason: String, length: Int) throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        try client.engine?.close(applicationCode: 1, reason: reason, now: scenario.now)
        scenario.run { server.closeReason != nil }
        let text = try #require(server.closeReason?.reason)
        #expect(text.utf8.count <= 256)
        #expect(text.utf8.count == length)
        #expect(reason.hasPrefix(text))
        #expect(text == client.closeReason?.reason)
        scenario.expectNothingLeft()
    }

    @Test(
        "tells the cause before anything else of the end, each connection ID, and that it is over last",
        arguments: [true, false])
    func eventOrder(byServer: Bool) throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        for _ in 0..<3 { try client.open(sending: pattern(100), finish: false) }
        scenario.run(.milliseconds(200))
        try (byServer ? server : client).engine?.close(applicationCode: 1, now: scenario.now)
        scenario.run(.seconds(2))
        for connection in [client, server] {
            let events = connection.events
            let reason = try #require(connection.closeReason)
            let end = try #require(events.firstIndex(of: .closed(reason)))
            #expect(events.last == .terminated)
            #expect(events.filter { $0 == .terminated }.count == 1)
            let tail = events[(end + 1)...].dropLast()
            #expect(tail.allSatisfy { if case .connectionIDRetired = $0 { true } else { false } }, "\(tail)")
            let numbers = Array(tail).retiredIDs.map(\.sequenceNumber)
            #expect(numbers == numbers.sorted())
            #expect(Set(events.issuedIDs.map(\.id)) == Set(events.retiredIDs.map(\.id)))
            #expect(events.issuedIDs.count == events.retiredIDs.count)
        }
        scenario.expectNothingLeft()
    }

    @Test("streams and everything else of a closed connection refuse with the cause")
    func useAfterClose() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.datagrams.maximumFrameSize = 1_000
        scenario.serverConfiguration { $0.datagrams.maximumFrameSize = 1_000 }
        let (client, server) = try scenario.connect()
        let stream = try client.open(sending: pattern(10), finish: false)
        scenario.run(.milliseconds(100))
        try server.engine?.close(applicationCode: 42, reason: "maintenance", now: scenario.now)
        scenario.run(.milliseconds(15)) { client.closeReason != nil }
        let now = scenario.now
        let bytes: [UInt8] = [1]
        let calls: [(String, (ConnectionEngine) throws -> Void)] = [
            ("write", { engine in try engine.write(bytes.span.bytes, to: stream) }),
            ("finish", { engine in try engine.finish(stream) }),
            ("reset", { engine in try engine.reset(stream, code: 1) }),
            ("stop", { engine in try engine.stopSending(stream, code: 1) }),
            ("open", { engine in _ = try engine.openStream(.bidirectional) }),
            ("datagram", { engine in try engine.sendDatagram(bytes) }),
            ("migrate", { engine in try engine.migrate(to: engine.currentPath, now: now) }),
            ("keys", { engine in try engine.updateKeys(now: now) }),
            ("keep-alive", { engine in try engine.setKeepAlive(.seconds(1)) }),
            ("verdict", { engine in try engine.completeVerification(.accept, now: now) }),
        ]
        for (name, call) in calls {
            let error = #expect(throws: EngineError.self, "\(name)") { try client.withEngine(call) }
            #expect(error?.code == .connectionStateMismatch, "\(name)")
            guard name != "verdict" else { continue }
            #expect(
                error?.message.contains("application code 42: maintenance") == true, "\(name): \(error?.message ?? "")")
        }
        #expect(client.engine?.streamsLeft(.bidirectional) == 0)
        #expect(client.engine?.maximumDatagramSize == 0)
        #expect(client.engine?.sendQuantum == 0)
        #expect(client.engine?.peerConnectionID == nil)
        scenario.expectNothingLeft()
    }
}

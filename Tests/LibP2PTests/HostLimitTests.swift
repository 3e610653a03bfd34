import QUIC
import Synchronization
import Testing

@testable import LibP2P

@Suite("Limits of hosts", .timeLimit(.minutes(5)))
struct HostLimitTests {
    @Test("as many peers get in as the limit says, the next one is refused, and a place that is given back is free")
    func inboundConnections() async throws {
        let server = try HostScene.host { $0.limits.inboundConnections = 3 }
        let events = server.events()
        let clients = try (0..<4).map { _ in try HostScene.host(listening: false) }
        try await HostScene.run([server] + clients) { hosts in
            for client in hosts[1...3] { try await HostScene.connect(client, to: hosts[0]) }
            let error = await #expect(throws: LibP2PError.self) {
                try await hosts[4].connect(to: hosts[0].addresses[0])
            }
            #expect(error?.code == .unreachable)
            #expect(await Self.refusal(in: events).limit == "inboundConnections")
            hosts[1].disconnect(hosts[0].peerID)
            try await HostScene.until("the place is free") { hosts[0].usage.connections.inbound == 2 }
            try await HostScene.connect(hosts[4], to: hosts[0])
        }
    }

    @Test("one address gets as many places as the limit says, and the refusal names it")
    func connectionsPerAddress() async throws {
        let server = try HostScene.host {
            $0.limits.countsLoopback = true
            $0.limits.connectionsPerIPv4Address = 2
        }
        let events = server.events()
        let clients = try (0..<3).map { _ in try HostScene.host(listening: false) }
        try await HostScene.run([server] + clients) { hosts in
            for client in hosts[1...2] { try await HostScene.connect(client, to: hosts[0]) }
            await #expect(throws: LibP2PError.self) { try await hosts[3].connect(to: hosts[0].addresses[0]) }
            #expect(await Self.refusal(in: events).limit == "connectionsPerIPv4Address")
        }
    }

    @Test("a host dials no more than it may, and says which number is in the way")
    func outboundConnections() async throws {
        let client = try HostScene.host(listening: false) { $0.limits.outboundConnections = 1 }
        try await HostScene.run([client, HostScene.host(), HostScene.host()]) { hosts in
            try await HostScene.connect(hosts[0], to: hosts[1])
            let error = await #expect(throws: LibP2PError.self) {
                try await hosts[0].connect(to: hosts[2].addresses[0])
            }
            #expect(error?.code == .limitReached)
            #expect(error?.limit == "outboundConnections")
            #expect(error?.description.contains("1") == true)
        }
    }

    @Test("one peer has no more connections than it may")
    func connectionsPerPeer() async throws {
        let client = try HostScene.host(listening: false) { $0.limits.connectionsPerPeer = 2 }
        try await HostScene.run([client, HostScene.host()]) { hosts in
            let address = hosts[1].addresses[0]
            for _ in 0..<2 { _ = try await hosts[0].dialDirectly(hosts[1].peerID, at: [address]) }
            let error = await #expect(throws: LibP2PError.self) {
                try await hosts[0].dialDirectly(hosts[1].peerID, at: [address])
            }
            #expect(error?.limit == "connectionsPerPeer")
        }
    }

    @Test("streams beyond the limit are reset with the code for it, the others go on")
    func inboundStreams() async throws {
        // The stream of identify would be one of them.
        let server = try HostScene.host {
            $0.identifies = false
            $0.limits.inboundStreamsPerPeer = 3
        }
        let client = try HostScene.host(listening: false) { $0.identifies = false }
        try await HostScene.run([server, client]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            var streams: [LibP2PStream] = []
            for number in 0..<3 {
                let stream = try await hosts[1].openStream(to: hosts[0].peerID, HostScene.echo)
                try await stream.write("\(number)")
                #expect(try await stream.readExactly(1) == Array("\(number)".utf8))
                streams.append(stream)
            }
            let error = await #expect(throws: LibP2PError.self) {
                let stream = try await hosts[1].openStream(to: hosts[0].peerID, HostScene.echo)
                _ = try await stream.read()
            }
            #expect(error?.applicationCode == StreamCode.resourceLimitExceeded.rawValue)
            for stream in streams {
                try await stream.write("x")
                #expect(try await stream.readExactly(1) == Array("x".utf8))
                await stream.close()
            }
        }
    }

    @Test("streams whose protocol is never agreed on take their own places only, and lose them when their time is over")
    func negotiationsThatNeverEnd() async throws {
        let server = try HostScene.host {
            $0.identifies = false
            $0.limits.transientStreamsPerPeer = 5
            $0.negotiationTimeout = .milliseconds(300)
        }
        let client = try HostScene.host(listening: false) { $0.identifies = false }
        try await HostScene.run([server, client]) { hosts in
            let connection = try await HostScene.connect(hosts[1], to: hosts[0])
            let quic = try #require(connection.quic)
            var streams: [QUICStream] = []
            for _ in 0..<20 {
                let stream = try await quic.openStream()
                // A message of 19 bytes of which one comes.
                try await stream.write([19, UInt8(ascii: "/")])
                streams.append(stream)
            }
            for stream in streams {
                let error = await #expect(throws: QUICError.self) { try await stream.read() }
                let codes = [StreamCode.resourceLimitExceeded, .protocolNegotiationFailed].map(\.rawValue)
                #expect(codes.contains(try #require(error?.applicationCode)))
            }
            try await HostScene.until("the places are free") { hosts[0].usage.streams.all == 0 }
            try await HostScene.expectEcho(hosts[1], hosts[0].peerID)
        }
    }

    @Test("a message that would take more memory than a peer may have is refused before it is read")
    func memory() async throws {
        let server = try HostScene.host { $0.limits.memoryPerPeer = 200_000 }
        try server.handle("/message/1.0.0") { stream in
            guard let message = try await stream.readMessage(limit: 1 << 20) else { return }
            try await stream.write("\(message.count)")
        }
        try await HostScene.run([server, HostScene.host(listening: false)]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            for (count, isTaken) in [(190_000, true), (210_000, false), (190_000, true)] {
                let error: LibP2PError?
                do throws(LibP2PError) {
                    let stream = try await hosts[1].openStream(to: hosts[0].peerID, "/message/1.0.0")
                    try await stream.writeMessage([UInt8](repeating: 1, count: count))
                    try await stream.closeWrite()
                    #expect(try await stream.readToEnd(limit: 100) == Array("\(count)".utf8))
                    error = nil
                } catch let failure {
                    error = failure
                }
                #expect(error?.applicationCode == (isTaken ? nil : StreamCode.resourceLimitExceeded.rawValue))
            }
            try await HostScene.until("the room is given back") { hosts[0].usage.memory == 0 }
        }
    }

    @Test("above the high mark the connections of least value are closed, and protected peers stay")
    func marks() async throws {
        let server = try HostScene.host {
            $0.marks.high = 4
            $0.marks.low = 2
            $0.marks.grace = .zero
            $0.marks.silence = .zero
        }
        let clients = try (0..<5).map { _ in try HostScene.host(listening: false) }
        try await HostScene.run([server] + clients) { hosts in
            try hosts[0].protect(hosts[1].peerID, "friend")
            try hosts[0].tag(hosts[3].peerID, "useful", value: 10)
            // Not waiting for the other end: it may have closed the connection before anybody looks.
            for client in hosts[1...] { try await client.connect(to: hosts[0].addresses[0]) }
            try await HostScene.until("all have come in") { hosts[0].statistics.connectionsOpened.inbound == 5 }
            try await HostScene.until("two are left") { hosts[0].connections.count == 2 }
            #expect(Set(hosts[0].peers) == [hosts[1].peerID, hosts[3].peerID])
            try await HostScene.until("the others were told") {
                [2, 4, 5].allSatisfy { hosts[$0].connections.isEmpty }
            }
        }
    }

    /// The first refusal of a caller.
    private static func refusal(in events: EventSubscription<LibP2PEvent>) async -> LibP2PError {
        for await event in events {
            if case .inboundFailed(_, let reason) = event { return reason }
        }
        return LibP2PError(.notRunning, "nobody was refused")
    }
}

import QUIC
import Synchronization
import Testing

@testable import LibP2P

@Suite("Hosts", .timeLimit(.minutes(5)))
struct HostTests {
    @Test("two hosts find each other by address, know who the other is, and talk")
    func echo() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host(listening: false)]) { hosts in
            let address = try #require(hosts[0].addresses.first)
            let connection = try await hosts[1].connect(to: address)
            #expect(connection.peer == hosts[0].peerID)
            #expect(connection.publicKey == hosts[0].key.publicKey)
            #expect(connection.direction == .outbound)
            #expect(connection.remoteAddress.appending(hosts[0].peerID) == address)
            try await HostScene.expectEcho(hosts[1], hosts[0].peerID)
            // The one that only dials can be talked to over the connection that it made.
            try await HostScene.expectEcho(hosts[0], hosts[1].peerID, "and back")
            #expect(hosts[0].connections.map(\.direction) == [.inbound])
            #expect(hosts[0].statistics.connectionsOpened.inbound == 1)
            #expect(hosts[1].statistics.connectionsOpened.outbound == 1)
            #expect(hosts[1].statistics.streamsOpened.outbound >= 1)
        }
    }

    @Test("a host with another key than the one that was dialled is turned away, and the error says so")
    func wrongPeer() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host(listening: false)]) { hosts in
            let stranger = try PrivateKey.generate().peerID
            let address = try #require(hosts[0].addresses.first).withoutPeer.appending(stranger)
            let error = await #expect(throws: LibP2PError.self) { try await hosts[1].connect(to: address) }
            #expect(error?.code == .wrongPeer)
            #expect(error?.description.contains(hosts[0].peerID.description) == true, "\(String(describing: error))")
            #expect(hosts[1].connections.isEmpty)
        }
    }

    @Test("dials for one peer are one dial, and its connection is used again")
    func reuse() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host(listening: false)]) { hosts in
            let address = try #require(hosts[0].addresses.first)
            let connections = try await withThrowingTaskGroup(of: LibP2PConnection.self) { group in
                for _ in 0..<20 { group.addTask { try await hosts[1].connect(to: address) } }
                var all: Set<LibP2PConnection> = []
                for try await connection in group { all.insert(connection) }
                return all
            }
            #expect(connections.count == 1)
            #expect(try await hosts[1].connect(to: hosts[0].peerID) == connections.first)
            #expect(hosts[1].connections.count == 1)
        }
    }

    @Test("a peer that nobody listens for is unreachable, and is left alone for a while")
    func unreachable() async throws {
        try await HostScene.run([HostScene.host(listening: false) { $0.dialTimeout = .milliseconds(400) }]) { hosts in
            let peer = try PrivateKey.generate().peerID
            let address = try Multiaddress("/ip4/127.0.0.1/udp/9/quic-v1").appending(peer)
            var error = await #expect(throws: LibP2PError.self) { try await hosts[0].connect(to: address) }
            #expect([.unreachable, .timedOut].contains(error?.code))
            error = await #expect(throws: LibP2PError.self) { try await hosts[0].connect(to: peer) }
            #expect(error?.code == .unreachable)
            #expect(error?.description.contains("left alone") == true)
        }
    }

    @Test("a stream for a protocol that the peer does not speak fails, and the connection lives")
    func unknownProtocol() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host(listening: false)]) { hosts in
            try await hosts[1].connect(to: try #require(hosts[0].addresses.first))
            let error = await #expect(throws: LibP2PError.self) {
                let stream = try await hosts[1].openStream(to: hosts[0].peerID, "/nobody/1.0.0")
                _ = try await stream.read()
            }
            #expect(error?.code == .protocolNotSupported)
            let stream = try await hosts[1].openStream(to: hosts[0].peerID, "/nobody/1.0.0", HostScene.echo)
            #expect(stream.protocolID == HostScene.echo)
            await stream.close()
        }
    }

    @Test("a peer may finish in peace when the handler is done, but not go on for ever")
    func endsOfStreams() async throws {
        let listener = try HostScene.host()
        try listener.handle("/bye/1.0.0") { stream in try await stream.write("bye") }
        try await HostScene.run([listener, HostScene.host(listening: false)]) { hosts in
            let connection = try await HostScene.connect(hosts[1], to: hosts[0])
            let short = try await connection.openStream("/bye/1.0.0")
            #expect(try await short.readToEnd(limit: 100) == Array("bye".utf8))
            // The handler has returned.
            #expect(await failure { try await short.write("late") } == nil)
            await short.close()
            let long = try await connection.openStream("/bye/1.0.0")
            #expect(try await long.readToEnd(limit: 100) == Array("bye".utf8))
            let block = [UInt8](repeating: 7, count: 10_000)
            let error = await failure { while true { try await long.write(block) } }
            #expect(error?.code == .streamStopped)
        }
    }

    @Test("IPv6 and IPv4 are listened to on one host")
    func families() async throws {
        let both = try HostScene.host {
            $0.listenAddresses = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip6/::1/udp/0/quic-v1"].compactMap {
                try? Multiaddress($0)
            }
        }
        // Each dialler knows one address only: of two it would take whichever answers first.
        let diallers = try (0..<2).map { _ in try HostScene.host(listening: false) }
        try await HostScene.run([both] + diallers) { hosts in
            #expect(hosts[0].addresses.count == 2)
            for (address, dialler) in zip(hosts[0].addresses, hosts[1...]) {
                let connection = try await dialler.connect(to: address)
                #expect(connection.remoteAddress.appending(hosts[0].peerID) == address)
            }
        }
    }

    @Test("a host dials from the port that it listens on, and so its peers know where to find it")
    func dialsFromListeningPort() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host()]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            try await HostScene.expectEcho(hosts[0], hosts[1].peerID)
            let seen = try #require(hosts[0].connections(to: hosts[1].peerID).first)
            #expect(seen.remoteAddress.appending(hosts[1].peerID) == hosts[1].addresses.first)
        }
    }

    @Test("what was written to finished streams arrives, though the host stops right after")
    func lastWords() async throws {
        let bytes = [UInt8](repeating: 7, count: 1 << 20)
        let received = Mutex(0)
        let server = try HostScene.host()
        try server.handle("/last/1.0.0") { stream in
            let all = try await stream.readToEnd(limit: 2 << 20)
            received.withLock { $0 = all.count }
        }
        try await HostScene.run([server]) { hosts in
            let client = try HostScene.host(listening: false)
            try await client.run { client in
                let connection = try await client.connect(to: hosts[0].addresses[0])
                let stream = try await connection.openStream("/last/1.0.0")
                try await stream.write(bytes)
                try await stream.closeWrite()
            }
            try await HostScene.until("all of it is there") { received.withLock { $0 } == bytes.count }
        }
    }

    @Test("cancelling a dial ends it")
    func cancelledDial() async throws {
        try await HostScene.run([HostScene.host(listening: false)]) { hosts in
            let peer = try PrivateKey.generate().peerID
            // A port that is bound and never answers.
            let silent = try await QUICEndpoint.bind(to: .loopback())
            let address = Multiaddress(await silent.localAddress).appending(peer)
            let task = Task { try await hosts[0].connect(to: address) }
            while hosts[0].usage.transientConnections.outbound == 0 { await Task.yield() }
            task.cancel()
            let error = await #expect(throws: LibP2PError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            while hosts[0].usage != ResourceUsage() { await Task.yield() }
            await silent.shutdown()
        }
    }

    @Test("a host refuses to dial itself, and says that it is not running outside of run")
    func misuse() async throws {
        let host = try HostScene.host()
        var error = await #expect(throws: LibP2PError.self) {
            let stranger = try PrivateKey.generate().peerID
            try await host.connect(to: Multiaddress("/ip4/127.0.0.1/udp/4001/quic-v1").appending(stranger))
        }
        #expect(error?.code == .notRunning)
        try await HostScene.run([host]) { hosts in
            let own = try #require(hosts[0].addresses.first)
            let error = await #expect(throws: LibP2PError.self) { try await hosts[0].connect(to: own) }
            #expect(error?.code == .noAddress)
        }
        error = await #expect(throws: LibP2PError.self) { try await host.run { _ in } }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test("events tell of listening, connecting and leaving, in their order")
    func events() async throws {
        let listener = try HostScene.host()
        let events = listener.events()
        try await HostScene.run([listener, HostScene.host(listening: false)]) { hosts in
            let connection = try await hosts[1].connect(to: try #require(hosts[0].addresses.first))
            while hosts[0].connections.isEmpty { await Task.yield() }
            connection.close(.garbageCollected)
            while !hosts[0].connections.isEmpty { await Task.yield() }
        }
        var names: [String] = []
        for await event in events {
            switch event {
            case .listening: names.append("listening")
            case .connected(let info, isFirst: true): names.append("connected \(info.direction)")
            case .disconnected(_, let reason, isLast: true): names.append("\(reason.applicationCode ?? 0)")
            case .stoppedListening: names.append("stopped")
            default: break
            }
        }
        #expect(names == ["listening", "connected inbound", "\(ConnectionCode.garbageCollected.rawValue)", "stopped"])
    }
}

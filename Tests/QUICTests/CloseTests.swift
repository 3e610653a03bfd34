import QUIC
import Testing

@Suite("Closing connections", .timeLimit(.minutes(5)))
struct CloseTests {
    /// Parks all of them, has `end` end the connection, and returns what each was told.
    static func causes(
        _ stream: QUICStream, on endpoint: QUICEndpoint, _ end: () async throws -> Void
    ) async throws -> [String: QUICError?] {
        let connection = stream.connection
        let tasks = [
            "read": Task { _ = try await stream.read() },
            "write": Task { try await stream.write([UInt8](repeating: 1, count: 32 << 20)) },
            "acceptStream": Task { _ = try await connection.acceptStream() },
            "openStream": Task {
                var held: [QUICStream] = []
                while true { held.append(try await connection.openStream()) }
            },
            "receiveDatagram": Task { _ = try await connection.receiveDatagram() },
            "closed": Task { throw try await connection.closed() },
        ]
        try await endpoint.untilWaiting(tasks.count)
        // More than the peer's window, so that it can't have arrived.
        try await until { stream.bytesWritten > 700_000 }
        let acknowledgement = Task { try await stream.acknowledged() }
        try await endpoint.untilWaiting(tasks.count + 1)
        try await end()
        var causes: [String: QUICError?] = [:]
        for (name, task) in tasks { causes[name] = await failure { try await task.value } }
        causes["acknowledged"] = await failure { try await acknowledgement.value }
        // And whoever asks afterwards hears the same.
        causes["ping later"] = await failure { try await connection.ping() }
        causes["write later"] = await failure { try await stream.write("x") }
        causes["open later"] = await failure { _ = try await connection.openStream() }
        causes["accept later"] = await failure { _ = try await connection.acceptStream() }
        causes["datagram later"] = await failure { try await connection.sendDatagram([1]) }
        causes["keys later"] = await failure { try await connection.updateKeys() }
        causes["closeError"] = connection.closeError
        return causes
    }

    @Test("by this end: every wait ends with that cause")
    func local() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let causes = try await Self.causes(client, on: pair.client) {
                client.connection.close(code: 12, reason: "enough")
            }
            for (name, error) in causes {
                #expect(error?.code == .closed, "\(name)")
                #expect(error?.closedBy == .local, "\(name)")
                #expect(error?.applicationCode == 12, "\(name)")
            }
            _ = server.id
        }
    }

    @Test("by the peer: every wait ends with the peer's code and reason")
    func peer() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let causes = try await Self.causes(client, on: pair.client) {
                server.connection.close(code: 13, reason: "go away")
            }
            for (name, error) in causes {
                #expect(error?.code == .closed, "\(name)")
                #expect(error?.closedBy == .peer, "\(name)")
                #expect(error?.applicationCode == 13, "\(name)")
                #expect(error?.reason.contains("go away") == true, "\(name)")
            }
        }
    }

    @Test("by silence: every wait ends with the idle timeout")
    func idle() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream { $0.transport.idleTimeout = .seconds(6) }
            let causes = try await Self.causes(client, on: pair.client) { await pair.server.close() }
            for (name, error) in causes { #expect(error?.code == .idleTimeout, "\(name)") }
            _ = server.id
        }
    }

    @Test("by the endpoint, at once: every wait ends")
    func endpointClosed() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let causes = try await Self.causes(client, on: pair.client) { await pair.client.close() }
            for (name, error) in causes {
                #expect(error != nil, "\(name)")
                #expect(error?.closedBy == .local, "\(name)")
            }
            // Nothing may keep the connection alive that was closed after its endpoint.
            client.connection.close()
            _ = server.id
        }
    }

    @Test("by a server that has lost it: the reset is seen when the next packet goes out")
    func statelessReset() async throws {
        let keys = try EndpointKeys.random()
        try await EndpointPair.run { options in
            options.serverEndpoint.keys = keys
        } _: { pair in
            let (client, server) = try await pair.connectWithStream()
            try await client.connection.handshakeConfirmed()
            var successor: QUICEndpoint?
            let causes = try await Self.causes(client, on: pair.client) {
                await pair.server.close()
                successor = try await QUICEndpoint.listen(
                    on: pair.address, pair.serverConfiguration, configuration: .defaults { $0.keys = keys })
                #expect(await failure { try await client.connection.ping() }?.code == .statelessReset)
            }
            let next = try #require(successor)
            for (name, error) in causes { #expect(error?.code == .statelessReset, "\(name)") }
            #expect(await next.statistics().statelessResets > 0)
            // The new server takes the same client.
            let connection = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            connection.close()
            await next.shutdown(deadline: .zero)
            _ = server.id
        }
    }

    @Test("what arrived before the peer's close can be read, and streams that it opened accepted")
    func dataBeforeClose() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            try await client.write([UInt8].pattern(50_000))
            try client.finish()
            let other = try await client.connection.openStream(.unidirectional)
            try await other.write("unaccepted")
            try other.finish()
            #expect(await client.connection.drain(upTo: .seconds(30)))
            client.connection.close(code: 4)
            _ = try await server.connection.closed()
            #expect(try await server.readToEnd(limit: 50_000) == .pattern(50_000))
            let accepted = try await server.connection.acceptStream()
            #expect(try await accepted.readToEnd(limit: 100) == Array("unaccepted".utf8))
            #expect(await failure { _ = try await server.connection.acceptStream() }?.applicationCode == 4)
        }
    }

    @Test("an unfinished stream gives what arrived, and then the cause")
    func unfinished() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            try await client.write("half")
            try await client.acknowledged()
            client.connection.close(code: 6)
            _ = try await server.connection.closed()
            #expect(try await server.readExactly(4) == Array("half".utf8))
            #expect(await failure { _ = try await server.read() }?.applicationCode == 6)
        }
    }

    @Test("twice: the first counts, on either end")
    func twice() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            client.close(code: 1)
            client.close(code: 2)
            #expect(try await client.closed().applicationCode == 1)
            #expect(try await server.closed().applicationCode == 1)
            server.close(code: 3)
            #expect(try await server.closed().applicationCode == 1)
            #expect(server.closeError?.closedBy == .peer)
        }
    }

    @Test("the cause is known before any stream ends")
    func causeFirst() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let accepting = Task { () -> QUICError? in
                _ = await failure { _ = try await client.acceptStream() }
                return client.closeError
            }
            let streams = try await withThrowingTaskGroup(of: QUICError?.self) { group in
                for _ in 0..<20 {
                    let stream = try await client.openStream()
                    group.addTask {
                        _ = await failure { _ = try await stream.read() }
                        return client.closeError
                    }
                }
                try await pair.client.untilWaiting(21)
                server.close(code: 8)
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(streams.count == 20)
            #expect(streams.allSatisfy { $0?.applicationCode == 8 })
            #expect(await accepting.value?.applicationCode == 8)
        }
    }

    @Test("sequences end without an error where nothing was wrong, and with one where something was")
    func sequences() async throws {
        try await EndpointPair.run { pair in
            for code: UInt64 in [0, 9] {
                let (client, server) = try await pair.connect()
                let streams = Task { for try await _ in server.incomingStreams {} }
                let datagrams = Task { for try await _ in server.datagrams {} }
                let events = Task { for try await _ in server.events {} }
                client.close(code: code)
                #expect(await failure { try await streams.value }?.applicationCode == (code == 0 ? nil : code))
                #expect(await failure { try await datagrams.value }?.applicationCode == (code == 0 ? nil : code))
                try await events.value
            }
        }
    }

    @Test("a connection closed after its endpoint, or dropped, is freed")
    func freed() async throws {
        weak var leaked: QUICConnection?
        try await EndpointPair.run { pair in
            func leave() async throws {
                let (client, _) = try await pair.connectWithStream()
                leaked = client.connection
                await pair.client.close()
                client.connection.close()
                client.abort(code: 1)
                _ = await failure { try await client.connection.ping() }
            }
            try await leave()
        }
        try await until { leaked == nil }
    }
}

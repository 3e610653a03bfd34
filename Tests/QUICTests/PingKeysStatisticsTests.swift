import QUIC
import Testing

@Suite("Ping, keys and figures", .timeLimit(.minutes(5)))
struct PingKeysStatisticsTests {
    @Test("pings of many tasks are all answered, by both ends")
    func ping() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            for connection in [client, server] {
                try await withThrowingDiscardingTaskGroup { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let roundTrip = try await connection.ping()
                            #expect(roundTrip > .zero)
                        }
                    }
                }
            }
        }
    }

    @Test("keys can be updated again and again, from either end, under a transfer")
    func keys() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            try await MigrationTests.transfer(pair, client, server, size: 1 << 20) {
                try await client.updateKeys()
                #expect(await client.statistics().keyUpdates >= 1)
            }
            for try await event in client.events { if event == .keysUpdated { break } }
            try await pair.expectAlive(client, server)
        }
    }

    @Test("figures count what happened, and start over when told to")
    func statistics() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            try await pair.expectAlive(client, server)
            let before = await pair.server.statistics()
            #expect(before.connections == 1 && before.halfOpen == 0)
            #expect(before.attempts == 1 && before.connectionsStarted == 1 && before.handshakesCompleted == 1)
            #expect(before.datagramsReceived > 0 && before.bytesReceived >= 1_200)
            #expect(before.sockets.datagramsSent > 0 && before.routes.establishedConnections == 1)
            let use = await pair.server.use()
            #expect(use.connections == 1 && use.routes > 0 && use.timers == 1)
            await pair.server.resetStatistics()
            let after = await pair.server.statistics()
            #expect(after.connections == 1)
            #expect(after.attempts == 0 && after.handshakesCompleted == 0)
            client.close()
            _ = try await server.closed()
            try await until { await pair.server.statistics().closedByPeer == 1 }
            #expect(await pair.client.statistics().closedLocally == 1)
        }
    }

    @Test("a task that waits for bytes is counted as woken when they come, and one that finds them is not")
    func wakes() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let ours = try await client.openStream()
            try await ours.write(Array("first".utf8))
            let theirs = try await server.acceptStream()
            #expect(try await theirs.readExactly(5) == Array("first".utf8))
            let before = await pair.server.statistics().wakes
            async let bytes = theirs.readExactly(6)
            try await pair.server.untilWaiting(1)
            try await ours.write(Array("second".utf8))
            #expect(try await bytes == Array("second".utf8))
            #expect(await pair.server.statistics().wakes == before + 1)
            try await ours.write(Array("third".utf8))
            try await until { await server.statistics().streamBytesReceived == 16 }
            #expect(try await theirs.readExactly(5) == Array("third".utf8))
            #expect(await pair.server.statistics().wakes == before + 1)
            #expect(pair.server.loopStatistics.turns > pair.server.loopStatistics.sleeps)
            await pair.server.resetStatistics()
            #expect(await pair.server.statistics().wakes == 0)
            client.close()
        }
    }
}

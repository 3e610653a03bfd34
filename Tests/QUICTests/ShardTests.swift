import QUIC
import Testing

@Suite("Shards", .timeLimit(.minutes(5)))
struct ShardTests {
    @Test("connections are spread, and stay with their shard when the client moves", arguments: [2, 4])
    func spread(_ shards: Int) async throws {
        try await EndpointPair.run { options in
            options.serverEndpoint.shards = shards
        } _: { pair in
            let serving = pair.serveEcho()
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<24 as Range<UInt8> {
                    group.addTask {
                        let endpoint = try await QUICEndpoint.bind(to: .loopback())
                        let client = try await endpoint.connect(to: pair.address, pair.clientConfiguration())
                        for _ in 0..<3 {
                            let answer = try await client.withStream { stream in
                                try await stream.write([number])
                                try stream.finish()
                                return try await stream.readToEnd(limit: 10)
                            }
                            #expect(answer == [number])
                            try await client.handshakeConfirmed()
                            try await endpoint.rebind(to: .loopback())
                        }
                        client.close()
                        await endpoint.shutdown(deadline: .zero)
                    }
                }
            }
            let statistics = await pair.server.statistics()
            #expect(statistics.handshakesCompleted == 24)
            #expect(statistics.statelessResets == 0)
            await pair.server.shutdown()
            try await serving.value
        }
    }

    @Test("a number of shards that makes no sense is refused", arguments: [0, 65, -1])
    func numbers(_ shards: Int) async throws {
        let error = await failure {
            _ = try await QUICEndpoint.bind(to: .loopback(), configuration: .defaults { $0.shards = shards })
        }
        #expect(error?.code == .invalidConfiguration)
    }
}

import QUIC
import Testing

@Suite("Shutting an endpoint down", .timeLimit(.minutes(5)))
struct ShutdownTests {
    @Test("1,000 open streams that are finished are delivered, and nothing new begins")
    func thousandStreams() async throws {
        try await EndpointPair.run { options in
            options.server = { $0.transport.streams.unidirectional = 1_000 }
        } _: { pair in
            let (client, server) = try await pair.connect()
            for number in 0..<1_000 {
                let stream = try await client.openStream(.unidirectional)
                try await stream.write([UInt8](repeating: UInt8(number % 256), count: 2_000))
                try stream.finish()
            }
            // All at once: one after the other, the unread ones would keep the window from the one that is read.
            let reading = Task {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<1_000 {
                        let stream = try await server.acceptStream()
                        group.addTask { try await stream.readToEnd(limit: 2_000).count }
                    }
                    return try await group.reduce(0, +)
                }
            }
            let told = Task {
                for try await event in client.events where event == .shutdownBegan { return true }
                return false
            }
            #expect(await pair.client.shutdown(deadline: .seconds(30)))
            #expect(try await reading.value == 2_000_000)
            #expect(try await told.value)
            #expect(client.closeError?.closedBy == .local)
            #expect(try await server.closed().isOrderlyClose)
            #expect(
                await failure { _ = try await pair.client.connect(to: pair.address, pair.clientConfiguration()) }?
                    .code == .endpointClosed)
            #expect(await failure { try pair.client.listen(pair.serverConfiguration) }?.code == .endpointClosed)
        }
    }

    @Test("what can't be delivered is given up at the deadline, and shutdown says so")
    func deadline() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            // More than the window: nobody reads it.
            try await client.write([UInt8](repeating: 1, count: 600_000))
            try client.finish()
            #expect(await pair.client.shutdown(deadline: .milliseconds(50)) == false)
            _ = try await server.connection.closed()
        }
    }

    @Test("scopes deliver what was written before they close, and close with a code when they fail")
    func scopes() async throws {
        struct Failure: Error {}
        try await EndpointPair.run { pair in
            let address = pair.address
            let configuration = pair.clientConfiguration()
            try await pair.client.withConnection(to: address.host, port: address.port, configuration) { connection in
                try await connection.withStream(.unidirectional) { try await $0.write([UInt8].pattern(400_000)) }
            }
            let server = try #require(try await pair.server.accept())
            #expect(try await server.acceptStream().readToEnd(limit: 400_000) == .pattern(400_000))
            #expect(try await server.closed().isOrderlyClose)
            await #expect(throws: Failure.self) {
                try await pair.client.withConnection(
                    to: address.host, port: address.port, configuration, errorCode: 21
                ) { _ in throw Failure() }
            }
            let second = try #require(try await pair.server.accept())
            #expect(try await second.closed().applicationCode == 21)
        }
    }

    @Test("serve closes a connection when its handler returns or throws, and ends with the endpoint")
    func serving() async throws {
        struct Failure: Error {}
        try await EndpointPair.run { pair in
            let serving = Task {
                try await pair.server.serve(errorCode: 31) { connection in
                    let stream = try await connection.acceptStream()
                    if try await stream.readExactly(1) == [0] { throw Failure() }
                    try await stream.write("bye")
                    try stream.finish()
                }
            }
            for byte in [0, 1] as [UInt8] {
                let client = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
                let stream = try await client.openStream()
                try await stream.write([byte])
                if byte == 1 { #expect(try await stream.readToEnd(limit: 10) == Array("bye".utf8)) }
                #expect(try await client.closed().applicationCode == (byte == 0 ? 31 : 0))
            }
            await pair.server.shutdown(deadline: .zero)
            try await serving.value
        }
    }
}

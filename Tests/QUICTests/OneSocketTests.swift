import QUIC
import Synchronization
import Testing

@Suite("One socket for everything", .timeLimit(.minutes(5)))
struct OneSocketTests {
    @Test("an endpoint dials 50 times while it is dialled: all of them talk")
    func dialAndListen() async throws {
        try await EndpointPair.run { pair in
            // Both listen, and both dial.
            try pair.client.listen(pair.serverConfiguration)
            let address = await pair.client.localAddress
            let serving = [pair.serveEcho(), Self.serveEcho(pair.client)]
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<50 {
                    group.addTask { try await Self.call(pair.client, pair.address, pair, "there \(number)") }
                    group.addTask { try await Self.call(pair.server, address, pair, "back \(number)") }
                }
            }
            #expect(await pair.client.statistics().attempts == 50)
            #expect(await pair.server.statistics().attempts == 50)
            await pair.client.shutdown()
            await pair.server.shutdown()
            for task in serving { try await task.value }
        }
    }

    static func serveEcho(_ endpoint: QUICEndpoint) -> Task<Void, any Error> {
        Task {
            try await endpoint.serve { connection in
                try await connection.serveStreams { stream in
                    while let chunk = try await stream.readChunk() { try await stream.write(chunk) }
                }
            }
        }
    }

    static func call(
        _ endpoint: QUICEndpoint, _ address: NetworkAddress, _ pair: EndpointPair, _ text: String
    ) async throws {
        let connection = try await endpoint.connect(to: address, pair.clientConfiguration())
        let answer = try await connection.withStream { stream in
            try await stream.write(text)
            try stream.finish()
            return try await stream.readToEnd(limit: 100)
        }
        #expect(answer == Array(text.utf8))
        connection.close()
    }

    @Test("an endpoint calls itself")
    func itself() async throws {
        try await EndpointPair.run { pair in
            let client = try await pair.server.connect(to: pair.address, pair.clientConfiguration())
            let server = try #require(try await pair.server.accept())
            try await pair.expectAlive(client, server)
        }
    }

    @Test("datagrams that are not QUIC go both ways beside a transfer, and those of others harm nothing")
    func rawDatagrams() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            // The first bytes of a STUN binding request (RFC 8489 §5), and lengths of all kinds.
            let messages = [4, 20, 100, 1_200].map { count in
                [0x00, 0x01, 0x00, 0x00] + [UInt8](repeating: UInt8(count % 251), count: count - 4)
            }
            let (answers, sink) = AsyncStream<([UInt8], NetworkAddress)>.makeStream()
            pair.server.onRawDatagram { bytes, sender in pair.server.sendRaw(bytes + [9], to: sender) }
            pair.client.onRawDatagram { bytes, sender in sink.yield((bytes, sender)) }
            async let transfer: Void = MigrationTests.transfer(pair, client, server, size: 200_000) {}
            var iterator = answers.makeAsyncIterator()
            for message in messages {
                #expect(pair.client.sendRaw(message, to: pair.address))
                let answer = try #require(await iterator.next())
                #expect(answer.0 == message + [9])
                #expect(answer.1 == pair.address)
            }
            try await transfer
            #expect(await pair.server.statistics().rawDatagrams == 4)
            pair.server.onRawDatagram(nil)
            pair.client.sendRaw(messages[0], to: pair.address)
            #expect(!pair.client.sendRaw([], to: pair.address))
            try await pair.expectAlive(client, server)
        }
    }

    @Test("many dials that race with the endpoint's end all end", arguments: [0, 1, 20])
    func closingWhileDialling(_ yields: Int) async throws {
        try await EndpointPair.run { pair in
            let dials = (0..<50).map { _ in
                Task { try await pair.client.connect(to: pair.address, pair.clientConfiguration()) }
            }
            for _ in 0..<yields { await Task.yield() }
            await pair.client.close()
            var ended = 0
            for dial in dials {
                if case .success(let connection) = await dial.result { #expect(connection.closeError != nil) }
                ended += 1
            }
            #expect(ended == 50)
            #expect(
                await failure { _ = try await pair.client.connect(to: pair.address, pair.clientConfiguration()) }?
                    .code == .endpointClosed)
        }
    }
}

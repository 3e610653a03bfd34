import QUIC
import Testing

@Suite("Resumption and 0-RTT", .timeLimit(.minutes(5)))
struct ResumptionTests {
    /// A server that resumes sessions and takes 0-RTT data, with keys that survive it.
    static func options(_ keys: EndpointKeys, earlyData: Bool = true) throws -> (inout EndpointPair.Options) -> Void {
        let protection = earlyData ? try ReplayProtection() : nil
        return { options in
            options.serverEndpoint.keys = keys
            options.server = {
                $0.tls.ticketKey = keys.ticketKey
                $0.tls.earlyData = protection
            }
        }
    }

    /// A connection that left a ticket in `store`.
    static func visit(_ pair: EndpointPair, _ store: MemoryStore) async throws {
        let (client, _) = try await pair.connect { $0.sessions = store }
        #expect(client.handshakeSummary?.isResumed == false)
        for try await event in client.events { if case .ticketReceived = event { break } }
        client.close()
        _ = try await client.closed()
    }

    /// Dials, with streams that go out before the server can answer.
    static func beginEarly(
        _ pair: EndpointPair, _ store: MemoryStore, _ directions: [StreamDirection], text: String = ""
    ) async throws -> (QUICConnection, [QUICStream]) {
        let configuration = pair.clientConfiguration {
            $0.sessions = store
            $0.tls.sendsEarlyData = true
        }
        var streams: [QUICStream] = []
        let client = try await pair.client.begin(to: pair.address, configuration) { client in
            for direction in directions { streams.append(try await client.openStream(direction)) }
            if !text.isEmpty { try await streams[0].write(text) }
        }
        return (client, streams)
    }

    @Test("the second connection resumes the first, also across a restart of the server")
    func resumes() async throws {
        let keys = try EndpointKeys.random()
        let store = MemoryStore()
        try await EndpointPair.run(try Self.options(keys)) { pair in
            try await Self.visit(pair, store)
            await pair.server.shutdown(deadline: .zero)
            let next = try await QUICEndpoint.listen(
                on: pair.address, pair.serverConfiguration, configuration: .defaults { $0.keys = keys })
            let client = try await pair.client.connect(
                to: pair.address, pair.clientConfiguration { $0.sessions = store })
            let server = try #require(try await next.accept())
            #expect(client.handshakeSummary?.isResumed == true)
            #expect(server.handshakeSummary?.isResumed == true)
            #expect(client.peerCertificate == nil)
            try await pair.expectAlive(client, server)
            await next.shutdown(deadline: .zero)
        }
    }

    @Test("0-RTT data is taken: both ends know that it was early, and the answer comes")
    func early() async throws {
        let keys = try EndpointKeys.random()
        let store = MemoryStore()
        try await EndpointPair.run(try Self.options(keys)) { pair in
            try await Self.visit(pair, store)
            let (client, streams) = try await Self.beginEarly(pair, store, [.bidirectional], text: "early")
            let stream = streams[0]
            #expect(stream.isEarly)
            try stream.finish()
            let server = try #require(try await pair.server.accept())
            let accepted = try await server.acceptStream()
            #expect(accepted.isEarly)
            #expect(try await accepted.readToEnd(limit: 10) == Array("early".utf8))
            try await accepted.write("answer")
            try accepted.finish()
            #expect(try await stream.readToEnd(limit: 10) == Array("answer".utf8))
            #expect(try await client.earlyDataAccepted())
            let later = try await pair.openStream(client, server)
            #expect(!later.client.isEarly && !later.server.isEarly)
        }
    }

    /// What a refused client has sent, from next to nothing to more than the engine queues.
    static let sizes = [5, 20_000, 700_000]

    @Test("0-RTT data that is refused is sent again by itself, in order, and arrives once", arguments: sizes)
    func refused(_ size: Int) async throws {
        let (keys, newKeys) = (try EndpointKeys.random(), try EndpointKeys.random())
        let store = MemoryStore()
        try await EndpointPair.run(try Self.options(keys)) { pair in
            try await Self.visit(pair, store)
            await pair.server.shutdown(deadline: .zero)
            // A restart with other keys: the ticket is good for nothing.
            var configuration = pair.serverConfiguration
            configuration.tls.ticketKey = newKeys.ticketKey
            let next = try await QUICEndpoint.listen(
                on: pair.address, configuration, configuration: .defaults { $0.keys = newKeys })
            let (client, streams) = try await Self.beginEarly(
                pair, store, [.bidirectional, .unidirectional, .unidirectional])
            let (first, second, given) = (streams[0], streams[1], streams[2])
            let text = [UInt8].pattern(size)
            let sending = Task {
                try await first.write(text)
                try first.finish()
                try await second.write("second")
                try second.finish()
                given.reset(code: 9)
            }
            let server = try #require(try await next.accept())
            let accepted = try await server.acceptStream(.bidirectional)
            #expect(try await accepted.readToEnd(limit: size) == text)
            var others: [StreamID: QUICStream] = [:]
            for _ in 0..<2 {
                let stream = try await server.acceptStream(.unidirectional)
                others[stream.id] = stream
            }
            #expect(try await others[second.id]?.readToEnd(limit: 10) == Array("second".utf8))
            #expect(await failure { _ = try await others[given.id]?.read() }?.applicationCode == 9)
            try await sending.value
            #expect(try await client.earlyDataAccepted() == false)
            #expect(client.handshakeSummary?.isResumed == false)
            try accepted.finish()
            #expect(try await first.readToEnd(limit: 0) == [])
            // Numbers go on where they were.
            let later = try await client.openStream()
            #expect(later.id.rawValue == 4)
            try await later.write("later")
            #expect(try await server.acceptStream(.bidirectional).readExactly(5) == Array("later".utf8))
            await next.shutdown(deadline: .zero)
        }
    }

    @Test("a server that allows fewer streams than the ticket promised fails those, and the connection goes on")
    func refusedWithFewerStreams() async throws {
        let (keys, others) = (try EndpointKeys.random(), try EndpointKeys.random())
        let store = MemoryStore()
        try await EndpointPair.run(try Self.options(keys)) { pair in
            try await Self.visit(pair, store)
            await pair.server.shutdown(deadline: .zero)
            var configuration = pair.serverConfiguration
            configuration.tls.ticketKey = others.ticketKey
            configuration.transport.streams.bidirectional = 2
            let next = try await QUICEndpoint.listen(
                on: pair.address, configuration, configuration: .defaults { $0.keys = others })
            let (client, streams) = try await Self.beginEarly(
                pair, store, .init(repeating: .bidirectional, count: 4))
            for stream in streams { #expect(stream.isEarly) }
            let server = try #require(try await next.accept())
            for stream in streams[2...] {
                #expect(await failure { _ = try await stream.read() }?.code == .limitReached)
                #expect(await failure { try await stream.acknowledged() }?.code == .limitReached)
            }
            for stream in streams[..<2] {
                try await stream.write([1])
                try stream.finish()
                let accepted = try await server.acceptStream()
                #expect(try await accepted.readToEnd(limit: 10) == [1])
                try accepted.finish()
                #expect(try await stream.readToEnd(limit: 0) == [])
            }
            let later = try await client.openStream()
            try await later.write("later")
            let accepted = try await server.acceptStream()
            #expect(accepted.id == later.id)
            #expect(try await accepted.readExactly(5) == Array("later".utf8))
            await next.shutdown(deadline: .zero)
        }
    }

    @Test("a handler that lives on the loop gets early streams too")
    func earlyStreamsOfHandlers() async throws {
        let keys = try EndpointKeys.random()
        let store = MemoryStore()
        let options = try Self.options(keys)
        try await EndpointPair.run { configuration in
            options(&configuration)
            let server = configuration.server
            configuration.server = {
                server(&$0)
                $0.handler = { _ in EchoHandler() }
            }
        } _: { pair in
            let first = try await pair.client.connect(
                to: pair.address, pair.clientConfiguration { $0.sessions = store })
            for try await event in first.events { if case .ticketReceived = event { break } }
            let (client, streams) = try await Self.beginEarly(pair, store, [.bidirectional], text: "early")
            #expect(streams[0].isEarly)
            try streams[0].finish()
            #expect(try await streams[0].readToEnd(limit: 10) == Array("early".utf8))
            #expect(try await client.earlyDataAccepted())
        }
    }

    @Test("a token spares the second connection the Retry")
    func token() async throws {
        let store = MemoryStore()
        try await EndpointPair.run { options in
            options.server = { $0.retry = .always }
        } _: { pair in
            for _ in 0..<2 {
                let (client, server) = try await pair.connect { $0.tokens = store }
                // The token comes with or before what is sent after it.
                try await client.handshakeConfirmed()
                try await pair.expectAlive(client, server)
                client.close()
                _ = try await client.closed()
                try await until { store.holdsToken(for: pair.key) || Task.isCancelled }
            }
            #expect(await pair.server.statistics().retries == 1)
        }
    }
}

extension EndpointPair {
    /// What the server's tickets and tokens are kept under.
    var key: ServerKey { ServerKey(host: "server.test", port: self.address.port, applicationProtocol: "test") }
}

extension MemoryStore {
    /// Whether there is a token, which stays.
    func holdsToken(for key: ServerKey) -> Bool {
        guard let token = self.takeToken(for: key) else { return false }
        self.store(token: token, for: key)
        return true
    }
}

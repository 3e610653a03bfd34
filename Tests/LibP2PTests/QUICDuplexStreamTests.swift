internal import QUIC
internal import QUICEngine
internal import Testing

@testable internal import LibP2P

@Suite struct QUICDuplexStreamTests {
    /// Two ends of a QUIC connection on loopback; `serve` gets the first stream that the client opens.
    private func run(
        client: (LibP2PStream) async throws -> Void,
        serve: @escaping @Sendable (_ base: QUICDuplexStream) async throws -> Void
    ) async throws {
        let identity = try TLSIdentity.selfSigned(names: ["localhost"])
        var configuration = QUICClientConfiguration(protocols: ["test"])
        configuration.tls.serverName = "localhost"
        configuration.tls.trust = .roots(try TrustStore(pem: Array(identity.certificatePEM.utf8)))
        let listening = try await QUICEndpoint.listen(
            on: .loopback(), QUICServerConfiguration(identity: identity, protocols: ["test"]))
        let dialling = try await QUICEndpoint.bind(to: .loopback())
        let serving = Task {
            guard let connection = try await listening.accept() else { return }
            try await serve(QUICDuplexStream(try await connection.acceptStream()))
            _ = try await connection.closed()
        }
        do {
            let connection = try await dialling.connect(to: await listening.localAddress, configuration)
            let base = QUICDuplexStream(try await connection.openStream())
            let stream = try await Negotiation.initiate(base, offers: ["/other", "/test"])
            try await client(LibP2PStream(stream, peer: TestPeers.two))
            connection.close()
            try await serving.value
        } catch {
            serving.cancel()
            await dialling.close()
            await listening.close()
            throw error
        }
        await dialling.close()
        await listening.close()
    }

    private static func accept(_ base: QUICDuplexStream) async throws -> LibP2PStream {
        LibP2PStream(
            try await Negotiation.respond(base, serving: { $0 == "/test" }, listing: { ["/test"] }),
            peer: TestPeers.one)
    }

    @Test("A protocol is negotiated over QUIC, and a megabyte comes back")
    func echo() async throws {
        let bytes = [UInt8](repeating: 7, count: 1 << 20)
        try await self.run { stream in
            async let writing: Void = {
                try await stream.write(bytes)
                try await stream.closeWrite()
            }()
            #expect(try await stream.readToEnd(limit: bytes.count) == bytes)
            try await writing
        } serve: { base in
            let stream = try await Self.accept(base)
            for try await piece in stream { try await stream.write(piece) }
            await stream.close()
        }
    }

    @Test("A peer that refuses the rest after it has answered does not make our end an error")
    func stopAfterAnswer() async throws {
        try await self.run { stream in
            try await stream.write("question")
            #expect(try await stream.readToEnd(limit: 100) == Array("answer".utf8))
            // The refusal came before the end of the answer.
            let error = await failure { while true { try await stream.write("more") } }
            #expect(error?.code == .streamStopped)
            #expect(error?.applicationCode == 0x1003)
            try await stream.closeWrite()
            await stream.close()
        } serve: { base in
            let stream = try await Self.accept(base)
            #expect(try await stream.readExactly(8) == Array("question".utf8))
            stream.closeRead(.rateLimited)
            try await stream.write("answer")
            await stream.close()
        }
    }

    @Test("The code of a reset arrives")
    func reset() async throws {
        try await self.run { stream in
            // By this the peer knows that its answer has arrived, which a reset could overtake.
            try await stream.write([1])
            let error = await failure { _ = try await stream.read() }
            #expect(error?.code == .streamReset)
            #expect(error?.applicationCode == StreamCode.shutdown.rawValue)
            #expect(error?.underlying != nil)
        } serve: { base in
            let stream = try await Self.accept(base)
            #expect(try await stream.readExactly(1) == [1])
            stream.reset(.shutdown)
        }
    }
}

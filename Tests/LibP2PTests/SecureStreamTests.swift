internal import QUICEngine
internal import Testing

@testable internal import LibP2P

@Suite struct SecureStreamTests {
    private static func identity() throws -> TLSIdentity {
        var template = CertificateTemplate(commonName: "peer", now: 1_800_000_000)
        template.keyKind = .ecdsaP256
        return try TLSIdentity(template.issue())
    }

    private typealias Judge = @Sendable (PeerCertificate) -> CertificateVerdict

    /// Both ends, each with what came of its handshake.
    private static func open(
        over pipe: (MemoryPipe, MemoryPipe), client: @escaping Judge = { _ in .accept },
        server: @escaping Judge = { _ in .accept }
    ) async throws -> (client: Result<SecureStream, LibP2PError>, server: Result<SecureStream, LibP2PError>) {
        let identities = (try Self.identity(), try Self.identity())
        async let left = Self.result(pipe.0, .client, identities.0, client)
        async let right = Self.result(pipe.1, .server, identities.1, server)
        return await (left, right)
    }

    private static func result(
        _ base: MemoryPipe, _ role: TLSChannel.Role, _ identity: TLSIdentity, _ judge: @escaping Judge
    ) async -> Result<SecureStream, LibP2PError> {
        do throws(LibP2PError) {
            return .success(
                try await SecureStream.open(over: base, as: role, identity: identity, trust: .custom(judge)))
        } catch {
            return .failure(error)
        }
    }

    @Test("A megabyte crosses in each direction at once, and the ends are seen", arguments: [1, 2, 3] as [UInt64])
    func exchange(seed: UInt64) async throws {
        let ends = try await Self.open(over: MemoryPipe.pair(seed: seed))
        let (client, server) = (try ends.client.get(), try ends.server.get())
        var random = SplitMix64(seed: seed)
        let data = [UInt8].random(count: 1_000_000, using: &random)
        async let writing: Void = {
            try await client.write(data); try client.finish()
        }()
        async let answering: Void = {
            try await server.write(data.reversed()); try server.finish()
        }()
        async let there = server.readAll()
        async let back = client.readAll()
        #expect(try await there == data, "seed \(seed)")
        #expect(try await back == data.reversed(), "seed \(seed)")
        try await writing
        try await answering
    }

    @Test("Nothing of the plaintext is in what crosses the stream below")
    func isEncrypted() async throws {
        let pipe = MemoryPipe.pair()
        let client = try await Self.open(over: pipe).client.get()
        let secret = Array("the quick brown fox jumps over the lazy dog".utf8)
        try await client.write(secret)
        let seen = try #require(try await pipe.1.read(maximum: 65_536))
        #expect(seen.count >= 5 && !seen.hex.contains(Array(secret.prefix(8)).hex))
    }

    @Test("Each end is shown the certificate of the other")
    func certificates() async throws {
        let seen = Signal<[String: [[UInt8]]]>([:])
        _ = try await Self.open(
            over: MemoryPipe.pair(),
            client: { peer in
                seen.update { $0["client"] = peer.chain }; return .accept
            },
            server: { peer in
                seen.update { $0["server"] = peer.chain }; return .accept
            })
        let chains = seen.withLock { $0 }
        #expect(chains["client"]?.count == 1 && chains["server"]?.count == 1 && chains["client"] != chains["server"])
    }

    @Test("A client that refuses the server tells it with the alert of its judge")
    func clientRefuses() async throws {
        let ends = try await Self.open(
            over: MemoryPipe.pair(), client: { _ in .reject(.unsupportedCertificate, reason: "of the wrong kind") })
        let (client, server) = (Self.failure(ends.client), Self.failure(ends.server))
        #expect(client?.code == .wrongPeer && client?.description == "of the wrong kind")
        #expect(server?.code == .handshakeRejected && server?.applicationCode == 43)
    }

    @Test("A server that refuses the client is heard at the client's first read")
    func serverRefuses() async throws {
        let ends = try await Self.open(
            over: MemoryPipe.pair(), server: { _ in .reject(.badCertificate, reason: "broken") })
        #expect(Self.failure(ends.server)?.code == .wrongPeer)
        // RFC 8446 §4.4: the client is done before the server has seen its certificate.
        let client = try ends.client.get()
        let error = await #expect(throws: LibP2PError.self) { try await client.read(maximum: 1) }
        #expect(error?.code == .handshakeRejected && error?.applicationCode == 42)
    }

    @Test("A stream that ends without a farewell is no end of the data")
    func truncated() async throws {
        let pipe = MemoryPipe.pair()
        let client = try await Self.open(over: pipe).client.get()
        try pipe.1.finish()
        let error = await #expect(throws: LibP2PError.self) { try await client.read(maximum: 1) }
        #expect(error?.code == .closed)
    }

    @Test("A changed byte ends the stream at both ends")
    func tampered() async throws {
        let pipe = MemoryPipe.pair()
        let client = try await Self.open(over: pipe).client.get()
        try await pipe.1.write([0x17, 3, 3, 0, 20] + [UInt8](repeating: 1, count: 20))
        let error = await #expect(throws: LibP2PError.self) { try await client.read(maximum: 1) }
        #expect(error?.code == .protocolViolation)
        await #expect(throws: LibP2PError.self) { try await client.write([1]) }
    }

    @Test("Bytes that are no TLS are refused, in either role", arguments: [TLSChannel.Role.client, .server])
    func garbage(role: TLSChannel.Role) async throws {
        let pipe = MemoryPipe.pair()
        try await pipe.1.write(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        let identity = try Self.identity()
        await #expect(throws: LibP2PError.self) {
            _ = try await SecureStream.open(over: pipe.0, as: role, identity: identity, trust: .insecureNoVerification)
        }
    }

    @Test("A handshake message that claims 16 MB is refused after 64 kB of it")
    func hugeMessage() throws {
        let channel = try TLSChannel(
            .server, identity: Self.identity(), protocols: ["libp2p"], trust: .insecureNoVerification)
        #expect(throws: TLSChannelError.self) {
            for number in 0..<5 {
                let start: [UInt8] = number == 0 ? [1, 0xFF, 0xFF, 0xFF] : []
                try channel.receive([0x16, 3, 1, 0x40, 0] + start + [UInt8](repeating: 0, count: 16_384 - start.count))
                _ = try channel.advance()
            }
        }
    }

    @Test("A peer that offers another protocol than libp2p is refused with alert 120")
    func otherProtocol() throws {
        let client = try TLSChannel(
            .client, identity: Self.identity(), protocols: ["h2"], trust: .insecureNoVerification)
        let server = try TLSChannel(
            .server, identity: Self.identity(), protocols: ["libp2p"], trust: .insecureNoVerification)
        #expect(try !client.advance())
        try server.receive(client.takeOutput())
        let refusal = #expect(throws: TLSChannelError.self) { _ = try server.advance() }
        #expect(refusal?.alert == .noApplicationProtocol)
        try client.receive(server.takeOutput())
        let seen = #expect(throws: TLSChannelError.self) { _ = try client.advance() }
        #expect(seen?.alert == .noApplicationProtocol && seen?.isFromPeer == true)
    }

    @Test("More than two records of input are refused")
    func boundedInput() throws {
        let channel = try TLSChannel(
            .server, identity: Self.identity(), protocols: ["libp2p"], trust: .insecureNoVerification)
        try channel.receive([UInt8](repeating: 0x16, count: TLSChannel.maximumInput))
        #expect(throws: TLSChannelError.self) { try channel.receive([0]) }
    }

    private static func failure(_ result: Result<SecureStream, LibP2PError>) -> LibP2PError? {
        guard case .failure(let error) = result else { return nil }
        return error
    }
}

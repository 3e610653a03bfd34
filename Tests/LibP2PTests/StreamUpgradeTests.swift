internal import QUICEngine
internal import Testing

@testable internal import LibP2P

@Suite struct StreamUpgradeTests {
    private let alice: PrivateKey
    private let bob: PrivateKey
    private let stranger: PrivateKey

    init() throws {
        (self.alice, self.bob, self.stranger) = (try .generate(), try .generate(.ecdsa), try .generate())
    }

    private func upgrade(
        over pipe: (MemoryPipe, MemoryPipe), dialling: PrivateKey, expecting: PeerID?
    ) async throws -> (
        Result<(connection: YamuxConnection, peer: AuthenticatedPeer), any Error>,
        Result<(connection: YamuxConnection, peer: AuthenticatedPeer), any Error>
    ) {
        let certificates = (try HostCertificate.make(for: self.alice), try HostCertificate.make(for: self.bob))
        let target = dialling.peerID
        async let left = Task {
            try await StreamUpgrade.dial(over: pipe.0, identity: certificates.0, expecting: target)
        }.result
        async let right = Task {
            try await StreamUpgrade.accept(over: pipe.1, identity: certificates.1, expecting: expecting)
        }.result
        return await (left, right)
    }

    @Test("Both ends know each other, and streams go both ways", arguments: [1, 2] as [UInt64])
    func success(seed: UInt64) async throws {
        let ends = try await self.upgrade(
            over: MemoryPipe.pair(seed: seed), dialling: self.bob, expecting: self.alice.peerID)
        let (left, right) = (try ends.0.get(), try ends.1.get())
        #expect(left.peer.id == self.bob.peerID && right.peer.id == self.alice.peerID)
        for (one, other) in [(left.connection, right.connection), (right.connection, left.connection)] {
            let stream = try await one.openStream()
            try await stream.write([1, 2, 3])
            try stream.finish()
            #expect(try await other.acceptStream().readAll() == [1, 2, 3], "seed \(seed)")
        }
    }

    @Test("Who is somebody else than was dialled is refused, and hears it")
    func wrongTarget() async throws {
        let ends = try await self.upgrade(over: MemoryPipe.pair(), dialling: self.stranger, expecting: nil)
        #expect(Self.code(ends.0) == .wrongPeer)
        #expect(Self.code(ends.1) == .handshakeRejected)
    }

    @Test("Who is somebody else than the relay said is refused, and hears it")
    func wrongSource() async throws {
        let ends = try await self.upgrade(
            over: MemoryPipe.pair(), dialling: self.bob, expecting: self.stranger.peerID)
        #expect(Self.code(ends.1) == .wrongPeer)
        #expect(Self.code(ends.0) == .handshakeRejected)
    }

    @Test("A peer that secures connections in another way only is told that we do not")
    func otherSecurity() async throws {
        let pipe = MemoryPipe.pair()
        let certificate = try HostCertificate.make(for: self.bob)
        async let accepting = Task {
            try await StreamUpgrade.accept(over: pipe.1, identity: certificate, expecting: nil)
        }.result
        await #expect(throws: LibP2PError.self) { try await Negotiation.initiate(pipe.0, offers: ["/noise"]) }
        #expect(Self.code(await accepting) != nil)
    }

    private static func code<Value>(_ result: Result<Value, any Error>) -> LibP2PError.Code? {
        guard case .failure(let error) = result else { return nil }
        return (error as? LibP2PError)?.code
    }
}

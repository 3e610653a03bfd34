internal import QUIC
internal import QUICEngine
internal import Synchronization
internal import Testing

@testable internal import LibP2P

@Suite("Handshakes of hosts") struct HandshakeTests {
    /// A server that accepts hosts, and keeps every connection until its peer has gone.
    private func withServer(
        _ key: PrivateKey, _ configure: (inout QUICServerConfiguration) -> Void = { _ in },
        _ body: (_ client: QUICEndpoint, NetworkAddress, _ accepted: AsyncStream<QUICConnection>) async throws -> Void
    ) async throws {
        var configuration = QUICServerConfiguration(
            tls: LibP2PTrust.server(identity: try HostCertificate.make(for: key)))
        configure(&configuration)
        let server = try await QUICEndpoint.listen(on: .loopback(), configuration)
        let client = try await QUICEndpoint.bind(to: .loopback())
        let (accepted, continuation) = AsyncStream<QUICConnection>.makeStream()
        let serving = Task {
            try? await server.serve {
                continuation.yield($0)
                _ = try? await $0.closed()
            }
        }
        do { try await body(client, await server.localAddress, accepted) } catch {
            Issue.record(error)
        }
        await client.shutdown(deadline: .milliseconds(200))
        await server.shutdown(deadline: .milliseconds(200))
        await serving.value
        continuation.finish()
    }

    private func client(_ key: PrivateKey, expecting: PeerID? = nil) throws -> QUICClientConfiguration {
        QUICClientConfiguration(
            tls: LibP2PTrust.client(identity: try HostCertificate.make(for: key), expecting: expecting))
    }

    /// How a connection ends that the server refuses: a client is done before the server has judged it.
    private func end(_ client: QUICEndpoint, _ address: NetworkAddress, _ configuration: QUICClientConfiguration) async
        -> QUICError?
    {
        do { return try await client.connect(to: address, configuration).closed() } catch {
            return error
        }
    }

    @Test("Both ends learn who the other is, for keys of each type", arguments: PrivateKeyTests.types)
    func mutual(type: PublicKeyMessage.KeyType) async throws {
        let (listener, dialler) = (try PrivateKey.generate(type), try PrivateKey.generate(type))
        try await self.withServer(listener) { client, address, accepted in
            let connection = try await client.connect(
                to: address, self.client(dialler, expecting: listener.peerID))
            #expect(LibP2PTrust.peer(of: connection.peerCertificate)?.id == listener.peerID)
            var incoming = accepted.makeAsyncIterator()
            let server = try #require(await incoming.next())
            #expect(LibP2PTrust.peer(of: server.peerCertificate)?.key == dialler.publicKey)
            #expect(server.applicationProtocol == "libp2p")
            #expect(server.handshakeSummary?.serverName == nil)
            #expect(server.handshakeSummary?.isResumed == false)
            #expect(server.handshakeSummary?.acceptedEarlyData == false)
            connection.close()
        }
    }

    @Test("A dialler that expects another peer ends the handshake")
    func unexpected() async throws {
        try await self.withServer(.generate()) { client, address, _ in
            let other = try PrivateKey.generate().peerID
            let error = await #expect(throws: QUICError.self) {
                try await client.connect(to: address, self.client(.generate(), expecting: other))
            }
            #expect(error?.code == .handshakeFailed)
            #expect(error?.underlying?.tlsAlert == .certificateUnknown)
            #expect(error?.reason.contains("not \(other)") == true, "\(String(describing: error))")
            #expect(error.map { LibP2PError($0).code } == .wrongPeer)
        }
    }

    @Test("A dialler without a certificate, with one of no host, with another protocol: each has its alert")
    func refused() async throws {
        let dialler = try PrivateKey.generate()
        try await self.withServer(.generate()) { client, address, _ in
            var none = try self.client(dialler)
            none.tls.identity = nil
            #expect(await self.end(client, address, none)?.underlying?.tlsAlert == .certificateRequired)
            var stranger = try self.client(dialler)
            stranger.tls.identity = try .selfSigned()
            let refusal = await self.end(client, address, stranger)
            #expect(refusal?.underlying?.tlsAlert == .badCertificate)
            #expect(refusal?.closedBy == .peer)
            #expect(refusal.map { LibP2PError($0).code } == .handshakeRejected)
            var another = try self.client(dialler)
            another.tls.protocols = ["h3"]
            #expect(await self.end(client, address, another)?.underlying?.tlsAlert == .noApplicationProtocol)
            // What is wrong with one is no reason to refuse the next.
            let good = try await client.connect(to: address, self.client(dialler))
            good.close()
        }
    }

    @Test("No ticket is given and no session resumed, even where the endpoint gives tickets to others")
    func noTickets() async throws {
        let store = TicketCounter()
        try await self.withServer(.generate(), { $0.givesTickets = true }) { client, address, accepted in
            var configuration = try self.client(.generate())
            configuration.sessions = store
            for _ in 0..<2 {
                let connection = try await client.connect(to: address, configuration)
                var incoming = accepted.makeAsyncIterator()
                let server = try #require(await incoming.next())
                // What the server sends after its handshake comes before the end of a stream of its own.
                let stream = try await server.openStream()
                try await stream.write([1])
                try stream.finish()
                let received = try await connection.acceptStream()
                #expect(try await received.readToEnd(limit: 10) == [1])
                #expect(connection.handshakeSummary?.isResumed == false)
                connection.close()
            }
            #expect(store.count.withLock { $0 } == 0)
        }
    }
}

/// Counts what it is given, and has nothing to give.
private final class TicketCounter: SessionStore {
    let count = Mutex(0)

    func takeTicket(for server: ServerKey) -> ResumptionTicket? { nil }
    func store(_ ticket: ResumptionTicket, for server: ServerKey) { self.count.withLock { $0 += 1 } }
}

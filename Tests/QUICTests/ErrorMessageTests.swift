import QUIC
import QUICIO
import QUICTestSupport
import Testing

/// Errors that people meet first: each has a kind and a sentence that helps.
@Suite("Error messages", .timeLimit(.minutes(5)))
struct ErrorMessageTests {
    static func connectError(
        _ configure: @escaping (inout QUICClientConfiguration) -> Void,
        server: @escaping (inout QUICServerConfiguration) -> Void = { _ in }
    ) async throws -> QUICError? {
        var caught: QUICError?
        try await EndpointPair.run {
            $0.server = server
        } _: { pair in
            caught = await failure {
                _ = try await pair.client.connect(to: pair.address, pair.clientConfiguration(configure))
            }
        }
        return caught
    }

    @Test("wrong application protocol")
    func alpn() async throws {
        let error = try await Self.connectError { $0.tls.protocols = ["other"] }
        #expect(error?.code == .handshakeFailed)
        #expect(error?.underlying?.tlsAlert == .noApplicationProtocol)
    }

    @Test("wrong name")
    func name() async throws {
        let error = try await Self.connectError { $0.tls.serverName = "elsewhere.test" }
        #expect(error?.code == .handshakeFailed)
        #expect(error?.reason.contains("elsewhere.test") == true)
    }

    @Test("a server certificate that is over, and one that is not good yet", arguments: ["expired", "not yet valid"])
    func validity(_ word: String) async throws {
        let now = Int64(WallClock.now() / 1_000_000_000)
        let people = try TestIdentities(now: now)
        let identity = try people.identity(for: ["server.test"]) {
            $0.notBefore = word == "expired" ? now - 7_200 : now + 3_600
            $0.notAfter = word == "expired" ? now - 3_600 : now + 7_200
        }
        let error = try await Self.connectError {
            $0.tls.trust = .roots(people.store)
        } server: {
            $0.tls.identities = ServerIdentities(default: identity)
        }
        #expect(error?.code == .handshakeFailed)
        #expect(error?.underlying?.tlsAlert == .certificateExpired)
        #expect(error?.reason.contains(word) == true, "\(String(describing: error))")
    }

    @Test("an unknown authority")
    func authority() async throws {
        let others = try TestIdentities(now: Int64(WallClock.now() / 1_000_000_000))
        let error = try await Self.connectError { $0.tls.trust = .roots(others.store) }
        #expect(error?.code == .handshakeFailed)
    }

    @Test("a client certificate is asked for and missing; with one the client gets in")
    func clientCertificate() async throws {
        let people = try TestIdentities(now: Int64(WallClock.now() / 1_000_000_000))
        let identity = try people.identity(for: ["somebody"])
        try await EndpointPair.run { options in
            options.server = { $0.tls.clientAuthentication = .required(.roots(people.store)) }
        } _: { pair in
            let (client, server) = try await pair.connect { $0.tls.identity = identity }
            #expect(server.peerCertificate != nil)
            try await pair.expectAlive(client, server)
            // A TLS 1.3 client is done before the server has judged it (RFC 8446 §4.4.2).
            let error = await failure {
                let stranger = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
                throw try await stranger.closed()
            }
            #expect(error?.code == .handshakeFailed)
            #expect(error?.underlying?.tlsAlert == .certificateRequired)
        }
    }

    @Test("nobody listens")
    func nobody() async throws {
        let endpoint = try await QUICEndpoint.bind(to: .loopback())
        let gone = try await QUICEndpoint.bind(to: .loopback())
        let address = await gone.localAddress
        await gone.close()
        var configuration = QUICClientConfiguration(protocols: ["test"])
        configuration.transport.handshakeTimeout = .milliseconds(200)
        let error = await failure { _ = try await endpoint.connect(to: address, configuration) }
        #expect(error?.code == .handshakeTimeout)
        await endpoint.close()
    }

    @Test("an unknown host, a port in use, an address of somebody else, no protocol")
    func beforeAnyPacket() async throws {
        let endpoint = try await QUICEndpoint.bind(to: .loopback())
        let unknown = await failure {
            _ = try await endpoint.connect(to: "no-such-host.invalid", port: 1, .init(protocols: ["test"]))
        }
        #expect(unknown?.code == .nameNotResolved)
        #expect(unknown?.reason.contains("no-such-host.invalid") == true)
        let taken = await endpoint.localAddress
        let inUse = await failure { _ = try await QUICEndpoint.bind(to: taken) }
        #expect(inUse?.code == .socketFailed)
        #expect(inUse?.reason.contains("\(taken.port)") == true)
        let foreign = await failure {
            _ = try await QUICEndpoint.bind(to: NetworkAddress(ipv4: (192, 0, 2, 1), port: 0))
        }
        #expect(foreign?.code == .socketFailed)
        let family = await failure {
            _ = try await endpoint.connect(to: .loopbackIPv6(port: 9), .init(protocols: ["test"]))
        }
        #expect(family?.code == .refused)
        let empty = await failure { _ = try await endpoint.connect(to: taken, .init(protocols: [])) }
        #expect(empty?.code == .invalidConfiguration)
        await endpoint.close()
    }
}

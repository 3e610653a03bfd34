import QUIC
import QUICIO
import QUICTestSupport
import Testing

/// Errors of the operating system, injected: no connection is lost that need not be.
@Suite("Errors of the operating system", .timeLimit(.minutes(5)))
struct ErrnoMatrixTests {
    static let errors: [Errno] = [
        .wouldBlock, .noBufferSpace, .messageTooLong, .inputOutput, .connectionRefused, .networkUnreachable,
        .hostUnreachable, .notPermitted,
    ]

    /// A transfer both ways whose client sits on a kernel that `script` disturbs in the middle.
    static func transfer(
        _ script: (ScriptedDatagramSystem) -> Void, after: (QUICConnection, ScriptedDatagramSystem) async throws -> Void
    ) async throws {
        try await EndpointPair.run { pair in
            let system = ScriptedDatagramSystem()
            let endpoint = try await QUICEndpoint.bind(to: .loopback(), configuration: .defaults(), system: system)
            try await Self.exchange(pair, endpoint, system, script, after)
            await endpoint.shutdown(deadline: .seconds(1))
            #expect(await endpoint.use() == .none)
        }
    }

    private static func exchange(
        _ pair: EndpointPair, _ endpoint: QUICEndpoint, _ system: ScriptedDatagramSystem,
        _ script: (ScriptedDatagramSystem) -> Void,
        _ after: (QUICConnection, ScriptedDatagramSystem) async throws -> Void
    ) async throws {
        let client = try await endpoint.connect(to: pair.address, pair.clientConfiguration())
        let server = try #require(try await pair.server.accept())
        let (mine, theirs) = try await pair.openStream(client, server)
        let size = 1 << 20
        script(system)
        async let up: Void = Pattern.send(size, seed: 1, on: mine)
        async let down: Void = Pattern.send(size, seed: 2, on: theirs)
        async let checkUp: Void = Pattern.check(size, seed: 1, on: theirs)
        async let checkDown: Void = Pattern.check(size, seed: 2, on: mine)
        _ = try await (up, down, checkUp, checkDown)
        try await pair.expectAlive(client, server)
        #expect(client.closeError == nil && server.closeError == nil)
        try await after(client, system)
    }

    @Test("now and then while sending: the same connection delivers every byte", arguments: errors)
    func sending(_ error: Errno) async throws {
        try await Self.transfer { system in
            for number in [0, 3, 4, 5, 9, 20, 21] { system.fail(send: number, with: error) }
        } after: { _, system in
            #expect(system.injected(error) == 7)
        }
    }

    @Test("now and then while receiving: the same connection delivers every byte", arguments: errors)
    func receiving(_ error: Errno) async throws {
        try await Self.transfer { system in
            system.failReceives(with: error, count: 5)
        } after: { _, system in
            #expect(system.injected(error) == 5)
        }
    }

    @Test("a network without segmentation offload: it is given up, and nothing is lost")
    func offload() async throws {
        try await Self.transfer { system in
            system.failSends(with: .inputOutput) { $0.segments > 1 }
        } after: { client, system in
            #expect(system.injected(.inputOutput) >= 1)
            #expect(await client.statistics().packetsLost < 50)
        }
    }

    @Test("a path that takes only small packets: the larger ones are done without")
    func smallPackets() async throws {
        try await Self.transfer { system in
            system.failSends(with: .messageTooLong) { $0.segments == 1 && $0.count > 1_252 }
        } after: { client, _ in
            #expect(await client.statistics().maximumPayload > 0)
        }
    }

    @Test("a server that can't send for a while goes on where it was")
    func serverSide() async throws {
        let identities = try TestIdentities(now: Int64(WallClock.now() / 1_000_000_000))
        let system = ScriptedDatagramSystem()
        let listening = try await QUICEndpoint.bind(to: .loopback(), configuration: .defaults(), system: system)
        try listening.listen(
            QUICServerConfiguration(identity: try identities.identity(for: ["server.test"]), protocols: ["test"]))
        let dialling = try await QUICEndpoint.bind(to: .loopback())
        var configuration = QUICClientConfiguration(protocols: ["test"])
        configuration.tls.serverName = "server.test"
        configuration.tls.trust = .roots(identities.store)
        system.failSends(with: .networkUnreachable, atMost: 1)
        func transfer() async throws {
            let client = try await dialling.connect(to: listening.localAddress, configuration)
            let server = try #require(try await listening.accept())
            system.failSends(with: .noBufferSpace, atMost: 5)
            let stream = try await server.openStream()
            try await stream.write([UInt8].pattern(300_000))
            try stream.finish()
            #expect(try await client.acceptStream().readToEnd(limit: 300_000) == .pattern(300_000))
        }
        try await transfer()
        #expect(system.injected(.networkUnreachable) == 1)
        #expect(system.injected(.noBufferSpace) == 5)
        await dialling.shutdown(deadline: .zero)
        await listening.shutdown(deadline: .zero)
        #expect(await listening.use() == .none)
    }
}

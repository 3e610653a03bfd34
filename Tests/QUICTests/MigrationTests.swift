import QUIC
import Testing

@Suite("Migration over loopback", .timeLimit(.minutes(5)))
struct MigrationTests {
    /// Transfers both ways while `move` moves the client about.
    static func transfer(
        _ pair: EndpointPair, _ client: QUICConnection, _ server: QUICConnection, size: Int = 2 << 20,
        while move: () async throws -> Void
    ) async throws {
        let (mine, theirs) = try await pair.openStream(client, server)
        async let up: Void = Pattern.send(size, seed: 1, on: mine)
        async let down: Void = Pattern.send(size, seed: 2, on: theirs)
        async let checkUp: Void = Pattern.check(size, seed: 1, on: theirs)
        async let checkDown: Void = Pattern.check(size, seed: 2, on: mine)
        try await move()
        _ = try await (up, down, checkUp, checkDown)
    }

    @Test("to another address, another port and back, while bytes go both ways")
    func addresses() async throws {
        try await EndpointPair.run(at: .anyIPv4()) { pair in
            let address = NetworkAddress.loopback(port: pair.address.port)
            let client = try await pair.client.connect(to: address, pair.clientConfiguration())
            let server = try #require(try await pair.server.accept())
            let first = client.localAddress
            try await Self.transfer(pair, client, server) {
                for target in [
                    NetworkAddress(ipv4: (127, 0, 0, 2), port: 0), NetworkAddress(ipv4: (127, 0, 0, 3), port: 0),
                ] {
                    try await client.migrate(to: target)
                    #expect(client.localAddress.host == target.host)
                }
                let elsewhere = NetworkAddress(ipv4: (127, 0, 0, 2), port: 0)
                try await client.migrate(to: elsewhere)
                #expect(client.localAddress.host == "127.0.0.2")
                try await client.migrate(to: first)
                #expect(client.localAddress == first)
            }
            try await client.migrate(to: NetworkAddress(ipv4: (127, 0, 0, 4), port: 0))
            try await pair.expectAlive(client, server)
            try await until { server.remoteAddress.host == "127.0.0.4" }
            // Bursts from a socket that is not the first must not overflow its queue.
            let lost = await client.statistics().packetsLost
            try await Self.transfer(pair, client, server) {}
            #expect(await client.statistics().packetsLost < lost + 200)
        }
    }

    @Test("on an endpoint for every address the socket stays the same")
    func sameSocket() async throws {
        try await EndpointPair.run(at: .anyIPv4()) { pair in
            let endpoint = try await QUICEndpoint.bind(to: .any())
            func move() async throws {
                let client = try await endpoint.connect(
                    to: .loopback(port: pair.address.port), pair.clientConfiguration())
                let server = try #require(try await pair.server.accept())
                let port = client.localAddress.port
                try await client.migrate(to: NetworkAddress(ipv4: (127, 0, 0, 9), port: 0))
                #expect(client.localAddress == NetworkAddress(ipv4: (127, 0, 0, 9), port: port))
                try await pair.expectAlive(client, server)
                try await until { server.remoteAddress == client.localAddress }
            }
            try await move()
            await endpoint.shutdown(deadline: .zero)
            #expect(await endpoint.use() == .none)
        }
    }

    @Test("to another port over IPv6")
    func ipv6() async throws {
        try await EndpointPair.run(at: .loopbackIPv6()) { pair in
            let (client, server) = try await pair.connect()
            let other = try await QUICEndpoint.bind(to: .loopbackIPv6())
            let free = await other.localAddress
            await other.close()
            try await Self.transfer(pair, client, server) {
                try await client.migrate(to: free)
            }
            #expect(client.localAddress == free)
        }
    }

    @Test("to an address that this host does not have, or that leads nowhere, fails and harms nothing")
    func nowhere() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let before = client.localAddress
            let error = await failure { try await client.migrate(to: NetworkAddress(ipv4: (192, 0, 2, 1), port: 0)) }
            #expect(error?.code == .socketFailed)
            #expect(error?.reason.contains("192.0.2.1") == true)
            #expect(client.localAddress == before)
            try await pair.expectAlive(client, server)
            #expect(await failure { try await server.migrate(to: .loopback()) }?.code == .refused)
            try await pair.expectAlive(client, server)
        }
    }

    @Test("is told as an event on both ends")
    func events() async throws {
        try await EndpointPair.run(at: .anyIPv4()) { pair in
            let client = try await pair.client.connect(
                to: .loopback(port: pair.address.port), pair.clientConfiguration())
            let server = try #require(try await pair.server.accept())
            let target = NetworkAddress(ipv4: (127, 0, 0, 2), port: 0)
            try await client.migrate(to: target)
            for try await event in client.events {
                if case .pathValidated(let path, succeeded: true) = event, path.local.host == "127.0.0.2" { break }
            }
            try await pair.expectAlive(client, server)
            for try await event in server.events {
                if case .pathChanged(let path) = event, path.remote.host == "127.0.0.2" { break }
            }
        }
    }

    @Test("a server is heard at a second port, and clients move there where it is the preferred one")
    func preferredAddress() async throws {
        try await EndpointPair.run { pair in
            let second = try await pair.server.addAddress(.loopback())
            let direct = try await pair.client.connect(to: second, pair.clientConfiguration())
            try await pair.expectAlive(direct, try #require(try await pair.server.accept()))
            direct.close()
            var configuration = pair.serverConfiguration
            configuration.preferredAddress = PreferredAddress(ipv4: second)
            try pair.server.listen(configuration)
            let client = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            let server = try #require(try await pair.server.accept())
            try await until { client.remoteAddress == second }
            try await Self.transfer(pair, client, server) {}
            #expect(server.localAddress == second)
            let stubborn = pair.clientConfiguration { $0.transport.migration.followsPreferredAddress = false }
            let other = try await pair.client.connect(to: pair.address, stubborn)
            try await pair.expectAlive(other, try #require(try await pair.server.accept()))
            #expect(other.remoteAddress == pair.address)
        }
    }

    @Test("a second address of a family that the host lacks, or that is taken, is refused with the reason")
    func secondAddressRefused() async throws {
        try await EndpointPair.run { pair in
            let taken = pair.address
            #expect(await failure { _ = try await pair.client.addAddress(taken) }?.code == .socketFailed)
            let endpoint = try await QUICEndpoint.bind(to: .loopback())
            await endpoint.shutdown(deadline: .zero)
            #expect(await failure { _ = try await endpoint.addAddress(.loopback()) }?.code == .endpointClosed)
        }
    }
}

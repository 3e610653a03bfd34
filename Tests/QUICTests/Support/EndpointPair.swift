import QUIC
import QUICIO
import QUICTestSupport
import Testing

/// Two endpoints on loopback, one of which listens.
///
///     try await EndpointPair.run { pair in
///         let (client, server) = try await pair.connect()
///         …
///     }
struct EndpointPair {
    let server: QUICEndpoint
    let client: QUICEndpoint
    let identities: TestIdentities
    let address: NetworkAddress
    let serverConfiguration: QUICServerConfiguration

    /// Runs `body`, shuts both down, and checks that nothing is left.
    static func run(
        at address: NetworkAddress = .loopback(), protocols: [String] = ["test"],
        _ configure: (inout Options) -> Void = { _ in },
        _ body: (EndpointPair) async throws -> Void
    ) async throws {
        await Gate.shared.enter()
        do {
            try await Self.runAlone(at: address, protocols: protocols, configure, body)
        } catch {
            await Gate.shared.leave()
            throw error
        }
        await Gate.shared.leave()
    }

    private static func runAlone(
        at address: NetworkAddress, protocols: [String], _ configure: (inout Options) -> Void,
        _ body: (EndpointPair) async throws -> Void
    ) async throws {
        var options = Options()
        configure(&options)
        let identities = try TestIdentities(now: Int64(WallClock.now() / 1_000_000_000))
        var server = QUICServerConfiguration(
            identity: try identities.identity(for: ["server.test", "localhost"]), protocols: protocols)
        options.server(&server)
        let listening = try await QUICEndpoint.listen(on: address, server, configuration: options.serverEndpoint)
        let dialling = try await QUICEndpoint.bind(
            to: address.family == .ipv4 ? .loopback() : .loopbackIPv6(), configuration: options.clientEndpoint)
        let pair = EndpointPair(
            server: listening, client: dialling, identities: identities,
            address: await listening.localAddress, serverConfiguration: server)
        do {
            try await body(pair)
        } catch {
            await dialling.close()
            await listening.close()
            throw error
        }
        await dialling.shutdown(deadline: .seconds(1))
        await listening.shutdown(deadline: .seconds(1))
        #expect(await dialling.use() == .none)
        #expect(await listening.use() == .none)
    }

    struct Options {
        var server: (inout QUICServerConfiguration) -> Void = { _ in }
        var serverEndpoint = QUICEndpointConfiguration.defaults()
        var clientEndpoint = QUICEndpointConfiguration.defaults()
    }

    /// How this pair's server is dialled.
    func clientConfiguration(
        protocols: [String] = ["test"], _ configure: (inout QUICClientConfiguration) -> Void = { _ in }
    ) -> QUICClientConfiguration {
        var configuration = QUICClientConfiguration(protocols: protocols)
        configuration.tls.serverName = "server.test"
        configuration.tls.trust = .roots(self.identities.store)
        configure(&configuration)
        return configuration
    }

    /// A connection, seen from both ends.
    func connect(
        _ configure: (inout QUICClientConfiguration) -> Void = { _ in }
    ) async throws -> (client: QUICConnection, server: QUICConnection) {
        let client = try await self.client.connect(to: self.address, self.clientConfiguration(configure))
        let server = try #require(try await self.server.accept())
        return (client, server)
    }

    /// Echoes every stream of every connection until the endpoint is shut down.
    func serveEcho() -> Task<Void, any Error> {
        Task { [server] in
            try await server.serve { connection in
                try await connection.serveStreams { stream in
                    while let chunk = try await stream.readChunk() { try await stream.write(chunk) }
                }
            }
        }
    }
}

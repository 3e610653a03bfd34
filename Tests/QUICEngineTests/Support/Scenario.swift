import Foundation
import QUICEngine
import QUICTestSupport
import Testing

/// A server, a client and a network between them: what nearly every test starts with.
final class Scenario {
    static let now = Int64(Date().timeIntervalSince1970)
    /// Made once: making keys is the slowest part of a test.
    static let identities = try! TestIdentities(now: Scenario.now)
    static let serverIdentity = try! Scenario.identities.identity(for: ["server.test", "127.0.0.1", "::1"])
    static let clientIdentity = try! Scenario.identities.identity(for: ["client.test"])

    let simulation: Simulation
    let server: SimulatedEndpoint
    let client: SimulatedEndpoint
    var clientTLS = TLSClientConfiguration(serverName: "server.test", protocols: ["test"])
    var clientConfiguration = EngineConfiguration.defaults()

    init(seed: UInt64 = 1, conditions: LinkConditions = LinkConditions(delay: .milliseconds(10))) {
        self.simulation = Simulation(seed: seed, conditions: conditions)
        self.server = self.simulation.addEndpoint()
        self.client = self.simulation.addEndpoint(port: 50_000)
        self.clientTLS.trust = .roots(Self.identities.store)
        let tls = TLSServerConfiguration(
            identities: ServerIdentities(default: Self.serverIdentity), protocols: ["test"])
        self.server.listener = .init(tls: tls)
        // In debug builds, too: what programs use is what is tested.
        self.clientConfiguration.packetProtection = .processor
        self.serverConfiguration { $0.packetProtection = .processor }
    }

    var now: EngineInstant { self.simulation.now }

    /// Changes how the server does TLS.
    func serverTLS(_ change: (inout TLSServerConfiguration) throws -> Void) rethrows {
        guard var tls = self.server.listener?.tls else { return }
        try change(&tls)
        self.server.listener?.tls = tls
    }

    /// Changes the server's numbers.
    func serverConfiguration(_ change: (inout EngineConfiguration) -> Void) {
        guard var configuration = self.server.listener?.configuration else { return }
        change(&configuration)
        self.server.listener?.configuration = configuration
        self.server.listener?.versions = configuration.versions.filter(EngineLibrary.versions.contains)
    }

    /// Dials; the handshake runs with the next `run`.
    func dial(_ configure: (inout ClientAttempt) -> Void = { _ in }) throws -> SimulatedConnection {
        try self.client.connect(
            to: self.server.address, tls: self.clientTLS, configuration: self.clientConfiguration, configure)
    }

    /// Dials and waits until both ends know that the handshake is complete.
    func connect(
        _ configure: (inout ClientAttempt) -> Void = { _ in }
    ) throws -> (client: SimulatedConnection, server: SimulatedConnection) {
        let client = try self.dial(configure)
        let known = self.server.accepted.count
        self.run { client.saw(.handshakeConfirmed) && self.server.accepted.count > known }
        try #require(
            client.saw(.handshakeConfirmed),
            "no connection: \(String(describing: client.closeReason)), seed \(self.simulation.seed)")
        return (client, try #require(self.server.accepted.last))
    }

    @discardableResult
    func run(_ limit: Duration = .seconds(30), until condition: () -> Bool = { false }) -> Bool {
        self.simulation.run(for: limit, until: condition)
    }

    /// Every scenario ends with this: no connections, routes, timers, chunks or sessions are left.
    func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) {
        let leftovers = self.simulation.leftovers()
        #expect(leftovers == [], sourceLocation: sourceLocation)
    }
}

/// Bytes that differ from place to place, so that a mix-up shows.
func pattern(_ count: Int, seed: UInt64 = 0) -> [UInt8] {
    let random = SeededRandomness(seed: seed &+ UInt64(count))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
        let word = random.next()
        for shift in 0..<8 where bytes.count < count {
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift)))
        }
    }
    return bytes
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Migration")
struct MigrationTests {
    static let elsewhere = NetworkAddress(ipv4: (10, 0, 7, 7), port: 51_000)

    /// A connection in the middle of a transfer of `bytes` from client to server and as many back.
    struct Transfer {
        let scenario: Scenario
        let client: SimulatedConnection
        let server: SimulatedConnection
        let up: [UInt8]
        let down: [UInt8]
        let path: NetworkPath

        init(
            _ scenario: Scenario = Transfer.scenario(), bytes: Int = 600_000,
            runsFor duration: Duration = .milliseconds(60)
        ) throws {
            self.scenario = scenario
            scenario.client.otherAddresses.append(MigrationTests.elsewhere)
            (self.client, self.server) = try scenario.connect()
            scenario.run(.milliseconds(100))
            (self.up, self.down) = (pattern(bytes, seed: 1), pattern(bytes, seed: 2))
            self.path = NetworkPath(local: MigrationTests.elsewhere, remote: scenario.server.address)
            try self.client.open(sending: self.up)
            try self.server.open(sending: self.down)
            scenario.run(duration)
        }

        /// So slow that there is time to move while it lasts.
        static func scenario(megabitsPerSecond rate: Int = 16) -> Scenario {
            Scenario(
                conditions: LinkConditions(
                    delay: .milliseconds(10), bandwidth: rate * 1_000_000, queueLimit: 100_000))
        }

        /// Runs until both directions have arrived, and checks that they are whole.
        func expectCompletion(sourceLocation: SourceLocation = #_sourceLocation) {
            let isDone = self.scenario.run(.seconds(60)) {
                self.client.ended.count == 1 && self.server.ended.count == 1
            }
            #expect(isDone, "\(self.client.phase) \(self.server.phase)", sourceLocation: sourceLocation)
            #expect(self.server.received.values.first == self.up, sourceLocation: sourceLocation)
            #expect(self.client.received.values.first == self.down, sourceLocation: sourceLocation)
        }
    }

    @Test("a client moves in the middle of a transfer and the server follows", arguments: [true, false])
    func active(probingFirst: Bool) throws {
        let transfer = try Transfer()
        let (client, server, path) = (transfer.client, transfer.server, transfer.path)
        let before = client.engine?.peerConnectionID
        let serverBefore = server.engine?.peerConnectionID
        try client.engine?.migrate(to: path, probingFirst: probingFirst, now: transfer.scenario.now)
        #expect((client.engine?.currentPath == path) == !probingFirst)
        transfer.expectCompletion()
        #expect(client.engine?.currentPath == path)
        #expect(server.engine?.currentPath == path.reversed)
        #expect(client.saw(.pathValidated(path, succeeded: true, isPreferredAddress: false)))
        #expect(server.saw(.pathValidated(path.reversed, succeeded: true, isPreferredAddress: false)))
        #expect(client.events.paths == [path])
        #expect(server.events.paths == [path.reversed])
        // RFC 9000 §9.5: another path, other IDs.
        #expect(client.engine?.peerConnectionID != before)
        #expect(server.engine?.peerConnectionID != serverBefore)
        transfer.scenario.expectNothingLeft()
    }

    @Test("each path has figures of its own, and together they are the connection's")
    func figuresPerPath() throws {
        let transfer = try Transfer()
        try transfer.client.engine?.migrate(to: transfer.path, now: transfer.scenario.now)
        transfer.expectCompletion()
        for connection in [transfer.client, transfer.server] {
            let figures = try #require(connection.engine?.statistics)
            #expect(figures.paths.count == 2)
            #expect(figures.paths.map(\.datagramsSent).reduce(0, +) == figures.datagramsSent)
            #expect(figures.paths.map(\.bytesSent).reduce(0, +) == figures.bytesSent)
            #expect(figures.paths.map(\.datagramsReceived).reduce(0, +) == figures.datagramsReceived)
            #expect(figures.paths.map(\.bytesReceived).reduce(0, +) == figures.bytesReceived)
            #expect(figures.paths.allSatisfy { $0.bytesSent > 10_000 })
            #expect(figures.paths.last?.isValidated == true)
        }
        transfer.scenario.expectNothingLeft()
    }

    @Test("is refused before the handshake is confirmed, and works afterwards")
    func beforeConfirmation() throws {
        let scenario = Scenario()
        scenario.client.otherAddresses.append(Self.elsewhere)
        let client = try scenario.dial()
        let path = NetworkPath(local: Self.elsewhere, remote: scenario.server.address)
        let error = #expect(throws: EngineError.self) { try client.engine?.migrate(to: path, now: scenario.now) }
        #expect(error?.code == .migrationNotPossible)
        #expect(error?.message.contains("handshakeConfirmed") == true)
        scenario.run { client.saw(.handshakeConfirmed) }
        scenario.run(.milliseconds(100))
        try client.engine?.migrate(to: path, now: scenario.now)
        scenario.run { client.engine?.currentPath == path }
        #expect(client.engine?.currentPath == path)
        scenario.expectNothingLeft()
    }

    @Test("is refused where the server does not allow it, but a NAT may rebind even so")
    func refusedByServer() throws {
        let scenario = Transfer.scenario()
        scenario.serverConfiguration { $0.migration.isAllowed = false }
        let transfer = try Transfer(scenario)
        let error = #expect(throws: EngineError.self) {
            try transfer.client.engine?.migrate(to: transfer.path, now: scenario.now)
        }
        #expect(error?.code == .migrationNotPossible)
        #expect(error?.message.contains("server does not allow") == true)
        scenario.simulation.network.rebind(scenario.client.address, to: scenario.client.address.withPort(50_001))
        transfer.expectCompletion()
        #expect(transfer.server.engine?.currentPath.remote.port == 50_001)
        scenario.expectNothingLeft()
    }

    @Test("is the client's alone")
    func serverStays() throws {
        let transfer = try Transfer()
        let error = #expect(throws: EngineError.self) {
            try transfer.server.engine?.migrate(to: transfer.path.reversed, now: transfer.scenario.now)
        }
        #expect(error?.code == .migrationNotPossible)
        transfer.expectCompletion()
        transfer.scenario.expectNothingLeft()
    }

    @Test("to the path in use is refused")
    func samePath() throws {
        let transfer = try Transfer()
        let error = #expect(throws: EngineError.self) {
            let here = NetworkPath(local: transfer.scenario.client.address, remote: transfer.scenario.server.address)
            try transfer.client.engine?.migrate(to: here, now: transfer.scenario.now)
        }
        #expect(error?.code == .migrationNotPossible)
        transfer.expectCompletion()
        transfer.scenario.expectNothingLeft()
    }

    @Test("to a path that leads nowhere fails when it is probed first, and the transfer goes on where it was")
    func blackHole() throws {
        let transfer = try Transfer()
        let network = transfer.scenario.simulation.network
        network.filter = { _, path, _ in
            path.local == Self.elsewhere || path.remote == Self.elsewhere ? .drop : .deliver
        }
        let start = try #require(transfer.client.engine?.currentPath)
        try transfer.client.engine?.migrate(to: transfer.path, now: transfer.scenario.now)
        transfer.expectCompletion()
        #expect(transfer.client.engine?.currentPath == start)
        let failure = ConnectionEvent.pathValidated(transfer.path, succeeded: false, isPreferredAddress: false)
        transfer.scenario.run { transfer.client.saw(failure) }
        #expect(transfer.client.saw(failure))
        #expect(transfer.client.events.paths.isEmpty)
        #expect(transfer.client.phase == .confirmed)
        transfer.scenario.expectNothingLeft()
    }

    @Test("goes from IPv4 to IPv6 and back")
    func families() throws {
        let transfer = try Transfer()
        let scenario = transfer.scenario
        let ours = NetworkAddress(ipv6: 0x2001_0db8_0000_0000, 1, port: 50_000)
        let theirs = NetworkAddress(ipv6: 0x2001_0db8_0000_0000, 2, port: 4_433)
        scenario.client.otherAddresses.append(ours)
        scenario.server.otherAddresses.append(theirs)
        let old = try #require(transfer.client.engine?.currentPath)
        let new = NetworkPath(local: ours, remote: theirs)
        try transfer.client.engine?.migrate(to: new, now: scenario.now)
        #expect(scenario.run(.seconds(2)) { transfer.server.engine?.currentPath == new.reversed })
        scenario.run(.milliseconds(500))
        try transfer.client.engine?.migrate(to: old, now: scenario.now)
        transfer.expectCompletion()
        scenario.run(.seconds(1))
        #expect(transfer.client.events.paths == [new, old])
        scenario.expectNothingLeft()
    }

    @Test("a whole connection runs over IPv6")
    func ipv6() throws {
        let simulation = Simulation(seed: 3, conditions: LinkConditions(delay: .milliseconds(10)))
        let server = simulation.addEndpoint(NetworkAddress(ipv6: 0x2001_0db8_0000_0000, 0x10, port: 4_433))
        let client = simulation.addEndpoint(NetworkAddress(ipv6: 0xfe80_0000_0000_0000, 0x11, port: 50_000, scopeID: 2))
        server.listener = .init(
            tls: TLSServerConfiguration(
                identities: ServerIdentities(default: Scenario.serverIdentity), protocols: ["test"]))
        var tls = TLSClientConfiguration(serverName: "server.test", protocols: ["test"])
        tls.trust = .roots(Scenario.identities.store)
        let connection = try client.connect(to: server.address, tls: tls)
        simulation.run(for: .seconds(1)) { connection.saw(.handshakeConfirmed) }
        try connection.open(sending: pattern(50_000))
        let accepted = try #require(server.accepted.first)
        #expect(simulation.run(for: .seconds(5)) { accepted.ended.count == 1 })
        #expect(connection.engine?.currentPath == NetworkPath(local: client.address, remote: server.address))
        #expect(accepted.engine?.currentPath.remote == client.address)
        #expect(simulation.leftovers() == [])
    }
}

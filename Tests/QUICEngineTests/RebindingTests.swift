import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("NAT rebinding and preferred address")
struct RebindingTests {
    @Test("of the port or of the address is followed in the middle of a transfer", arguments: [true, false])
    func once(portOnly: Bool) throws {
        let transfer = try MigrationTests.Transfer()
        let scenario = transfer.scenario
        let outer =
            portOnly ? scenario.client.address.withPort(60_000) : NetworkAddress(ipv4: (203, 0, 113, 9), port: 60_000)
        scenario.simulation.network.rebind(scenario.client.address, to: outer)
        transfer.expectCompletion()
        let path = NetworkPath(local: scenario.server.address, remote: outer)
        #expect(transfer.server.engine?.currentPath == path)
        #expect(transfer.server.saw(.pathChanged(path)))
        #expect(transfer.server.saw(.pathValidated(path, succeeded: true, isPreferredAddress: false)))
        // The client knows nothing of it.
        #expect(transfer.client.events.paths.isEmpty)
        scenario.expectNothingLeft()
    }

    @Test("again and again: the transfer completes, and only the latest eight paths are kept")
    func often() throws {
        let transfer = try MigrationTests.Transfer(
            MigrationTests.Transfer.scenario(megabitsPerSecond: 4), bytes: 3_000_000)
        let scenario = transfer.scenario
        for number in 0..<12 {
            let outer = NetworkAddress(ipv4: (203, 0, 113, UInt8(number)), port: 60_000)
            scenario.simulation.network.rebind(scenario.client.address, to: outer)
            // What wakes a server up to a new address are packets of the client.
            scenario.run(.milliseconds(400)) { transfer.server.engine?.currentPath.remote == outer }
            #expect(transfer.server.engine?.currentPath.remote == outer, "rebinding \(number)")
            scenario.run(.milliseconds(150))
        }
        transfer.expectCompletion()
        #expect(transfer.server.engine?.statistics.paths.count == 8)
        scenario.expectNothingLeft()
    }

    /// Runs a connection to a server with another address, which it names where `isOffered`.
    private func connectToMovingServer(follows: Bool, reachable: Bool = true) throws -> (Scenario, SimulatedConnection)
    {
        let scenario = Scenario()
        let preferred = NetworkAddress(ipv4: (10, 0, 5, 5), port: 8_443)
        scenario.server.otherAddresses.append(preferred)
        scenario.server.listener?.preferredAddress = PreferredAddress(
            ipv4: preferred, ipv6: NetworkAddress(ipv6: 1, 2, port: 3))
        scenario.clientConfiguration.migration.followsPreferredAddress = follows
        if !reachable {
            scenario.simulation.network.filter = { _, path, _ in path.remote == preferred ? .drop : .deliver }
        }
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(100_000))
        #expect(scenario.run { server.ended.count == 1 })
        scenario.run(.seconds(5))
        #expect(server.events.issuedIDs.prefix(2).map(\.sequenceNumber) == [0, 1])
        return (scenario, client)
    }

    @Test("a server's preferred address is gone over to")
    func preferredAddress() throws {
        let (scenario, client) = try self.connectToMovingServer(follows: true)
        let path = NetworkPath(local: scenario.client.address, remote: NetworkAddress(ipv4: (10, 0, 5, 5), port: 8_443))
        #expect(client.engine?.currentPath == path)
        #expect(client.saw(.pathValidated(path, succeeded: true, isPreferredAddress: true)))
        #expect(scenario.server.accepted.first?.engine?.currentPath == path.reversed)
        scenario.expectNothingLeft()
    }

    @Test("a server's preferred address is not gone over to where the configuration says so")
    func preferredAddressNotFollowed() throws {
        let (scenario, client) = try self.connectToMovingServer(follows: false)
        #expect(client.engine?.currentPath.remote == scenario.server.address)
        #expect(client.events.paths.isEmpty)
        scenario.expectNothingLeft()
    }

    @Test("a preferred address that cannot be reached leaves the connection where it is")
    func preferredAddressUnreachable() throws {
        let (scenario, client) = try self.connectToMovingServer(follows: true, reachable: false)
        #expect(client.engine?.currentPath.remote == scenario.server.address)
        #expect(client.phase == .confirmed)
        scenario.expectNothingLeft()
    }

    @Test("a server never sends more than three times what came from an address that it has not validated")
    func antiAmplification() throws {
        let scenario = Scenario()
        // A chain that needs several packets, and a client that falls silent after its first one.
        let big = try Scenario.identities.identity(
            for: (0..<200).map { "name-\($0).example.server.test" } + ["server.test"])
        scenario.serverTLS { $0.identities = ServerIdentities(default: big) }
        var (received, sent) = (0, 0)
        var worst = 0.0
        scenario.simulation.network.filter = { number, path, bytes in
            guard path.local == scenario.server.address else {
                if number > 0 { return .drop }
                received += bytes.byteCount
                return .deliver
            }
            sent += bytes.byteCount
            worst = max(worst, Double(sent) / Double(received))
            return .deliver
        }
        let client = try scenario.dial()
        scenario.run(.seconds(30))
        #expect(worst > 2)
        #expect(worst <= 3)
        #expect(client.closeReason?.closedBy == .handshakeTimeout)
        scenario.expectNothingLeft()
    }

    @Test("an address that a packet only pretends to come from is sent little until it answers")
    func spoofedRebinding() throws {
        let transfer = try MigrationTests.Transfer(bytes: 1_000_000)
        let scenario = transfer.scenario
        let victim = NetworkAddress(ipv4: (198, 51, 100, 1), port: 9)
        var (received, sent) = (0, 0)
        scenario.simulation.network.filter = { _, path, bytes in
            if path.remote == victim { sent += bytes.byteCount }
            if path.local == scenario.client.address { received += bytes.byteCount }
            return path.remote == victim ? .drop : .deliver
        }
        scenario.simulation.network.rebind(scenario.client.address, to: victim)
        received = 0
        scenario.run(.milliseconds(100))
        #expect(sent > 0)
        #expect(sent <= 3 * received)
        scenario.simulation.network.rebind(scenario.client.address, to: scenario.client.address)
        transfer.expectCompletion()
        scenario.expectNothingLeft()
    }
}

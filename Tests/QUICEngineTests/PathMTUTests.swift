import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Path MTU and packet sizes")
struct PathMTUTests {
    /// The largest datagram that `connection` sent while 300 kB went from client to server.
    private func largestDatagram(_ scenario: Scenario) throws -> (largest: Int, client: SimulatedConnection) {
        var largest = 0
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(2))
        scenario.simulation.network.filter = { _, path, bytes in
            if path.local == scenario.client.address { largest = max(largest, bytes.byteCount) }
            return .deliver
        }
        try client.open(sending: pattern(300_000))
        #expect(scenario.run { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(300_000))
        return (largest, client)
    }

    @Test("packets grow to what a clean path carries")
    func grows() throws {
        let scenario = Scenario()
        let (largest, client) = try self.largestDatagram(scenario)
        // The probes of old libraries end at 1444.
        #expect(1_440...1_452 ~= largest)
        #expect(client.engine?.statistics.maximumPayload == largest)
        scenario.expectNothingLeft()
    }

    @Test("packets stay at 1200 bytes where discovery is off")
    func discoveryOff() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.packets.discoversPathMTU = false
        let (largest, client) = try self.largestDatagram(scenario)
        #expect(largest == 1_200)
        #expect(client.engine?.statistics.maximumPayload == 1_200)
        scenario.expectNothingLeft()
    }

    @Test("a path that swallows datagrams above 1300 bytes costs probes and nothing else")
    func blackHole() throws {
        let scenario = Scenario(conditions: LinkConditions(delay: .milliseconds(10), maximumDatagramSize: 1_300))
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(3))
        try client.open(sending: pattern(300_000))
        #expect(scenario.run { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(300_000))
        let payload = try #require(client.engine?.statistics.maximumPayload)
        #expect(1_200...1_300 ~= payload)
        #expect(scenario.simulation.network.statistics.tooLarge > 0)
        #expect(scenario.simulation.network.statistics.tooLarge < 30)
        scenario.expectNothingLeft()
    }

    @Test("probes can be chosen", .enabled(if: EngineLibrary.choosesMTUProbes, "needs ngtcp2 1.4 or newer"))
    func chosenProbes() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.packets.mtuProbes = [1_250, 1_333]
        let (largest, _) = try self.largestDatagram(scenario)
        #expect(largest == 1_333)
        scenario.expectNothingLeft()
    }

    @Test("a path that is known to carry it gets the full size from the first packets on")
    func assumed() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.packets.assumesMaximumSize = true
        scenario.clientConfiguration.packets.maximumSent = 4_000
        let (largest, _) = try self.largestDatagram(scenario)
        #expect(largest == 4_000)
        scenario.expectNothingLeft()
    }

    @Test("no datagram is larger than the configuration allows, or the peer accepts", arguments: [true, false])
    func limits(ours: Bool) throws {
        let scenario = Scenario()
        if ours {
            scenario.clientConfiguration.packets.maximumSent = 1_260
        } else {
            scenario.serverConfiguration { $0.packets.maximumReceived = 1_260 }
        }
        let (largest, _) = try self.largestDatagram(scenario)
        #expect(largest <= 1_260)
        scenario.expectNothingLeft()
    }
}

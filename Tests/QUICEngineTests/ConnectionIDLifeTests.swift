import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Life of connection IDs")
struct ConnectionIDLifeTests {
    @Test("are issued in the order of their numbers, as many as the peer keeps", arguments: [2, 4, 8] as [UInt64])
    func issuedInOrder(limit: UInt64) throws {
        let scenario = Scenario()
        scenario.clientConfiguration.migration.activeConnectionIDLimit = limit
        scenario.serverConfiguration { $0.migration.activeConnectionIDLimit = limit }
        let (client, server) = try scenario.connect()
        scenario.run(.seconds(1))
        for connection in [client, server] {
            let issued = connection.events.issuedIDs
            #expect(issued.map(\.sequenceNumber) == (0..<UInt64(issued.count)).map { $0 })
            #expect(issued.count >= 2 && issued.count <= Int(limit))
            #expect(Set(issued.map(\.id)).count == issued.count)
            #expect(connection.engine?.connectionIDs == issued)
            // The one of the client's handshake can carry no token (RFC 9000 §18.2).
            #expect(issued.dropFirst().allSatisfy { $0.resetToken != nil })
        }
        #expect(client.events.issuedIDs.first?.resetToken == nil)
        #expect(server.events.issuedIDs.first?.resetToken != nil)
        let peer = try #require(client.engine?.peerConnectionID)
        #expect(server.engine?.connectionIDs.contains { $0.id == peer } == true)
        scenario.expectNothingLeft()
    }

    @Test("the one that the client chose expires when the server has confirmed, and at the server only")
    func initialExpires() throws {
        let scenario = Scenario()
        let client = try scenario.dial()
        scenario.run { scenario.server.accepted.first?.phase == .handshaking }
        #expect(scenario.server.table.initialCount == 1)
        scenario.run { client.saw(.handshakeConfirmed) }
        let server = try #require(scenario.server.accepted.first)
        let chosen = try #require(client.engine?.initialConnectionID)
        #expect(chosen.count == 16)
        #expect(server.engine?.initialConnectionID == chosen)
        #expect(server.saw(.initialConnectionIDExpired(chosen)))
        #expect(server.saw(.handshakeConfirmed))
        #expect(!client.saw(.initialConnectionIDExpired(chosen)))
        #expect(!server.events.issuedIDs.contains { $0.id == chosen })
        #expect(scenario.server.table.initialCount == 0)
        scenario.expectNothingLeft()
    }

    @Test("a first packet that comes twice, the second time late, opens one connection")
    func lateFirstPacket() throws {
        let scenario = Scenario()
        var first: [UInt8] = []
        scenario.simulation.network.filter = { number, _, bytes in
            if number == 0 { first = bytes.withUnsafeBytes { Array($0) } }
            return .deliver
        }
        let (client, _) = try scenario.connect()
        scenario.run(.milliseconds(100))
        scenario.simulation.network.send(
            first, path: NetworkPath(local: scenario.client.address, remote: scenario.server.address))
        scenario.run(.milliseconds(100))
        #expect(scenario.server.accepted.count == 1)
        #expect(client.phase == .confirmed)
        scenario.expectNothingLeft()
    }

    @Test("have the length that the generator gives them", arguments: [4, 8, 20], [4, 8, 20])
    func lengths(ofClient: Int, ofServer: Int) throws {
        let scenario = Scenario()
        scenario.client.generator = RandomConnectionIDGenerator(length: ofClient)
        scenario.server.generator = RandomConnectionIDGenerator(length: ofServer, shard: 0xab)
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(20_000))
        #expect(scenario.run { server.ended.count == 1 })
        #expect(client.events.issuedIDs.allSatisfy { $0.id.count == ofClient })
        #expect(server.events.issuedIDs.allSatisfy { $0.id.count == ofServer && $0.id[0] == 0xab })
        scenario.expectNothingLeft()
    }

    @Test("a generator that breaks its promise is refused before anything is sent", arguments: [0, 3, 7, 9, 20])
    func lyingGenerator(length: Int) throws {
        let scenario = Scenario()
        let error = #expect(throws: EngineError.self) {
            try scenario.dial { $0.generator = LyingGenerator(realLength: length) }
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("8") == true)
        scenario.run(.seconds(1))
        #expect(scenario.simulation.network.statistics.sent == 0)
        scenario.expectNothingLeft()
    }

    @Test("move on with each change of address: each old one is retired once and replaced")
    func movesOn() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        for move in 1...20 {
            scenario.run(.milliseconds(300))
            let address = NetworkAddress(ipv4: (10, 0, 1, UInt8(move)), port: 50_000)
            scenario.client.otherAddresses.append(address)
            let path = NetworkPath(local: address, remote: scenario.server.address)
            try client.engine?.migrate(to: path, now: scenario.now)
            scenario.run(.seconds(2)) { server.engine?.currentPath == path.reversed }
            #expect(server.engine?.currentPath == path.reversed)
        }
        scenario.run(.seconds(1))
        for connection in [client, server] {
            let retired = connection.events.retiredIDs.map(\.sequenceNumber)
            // Which one comes next is the peer's choice.
            #expect(Set(retired).count == retired.count)
            #expect(retired.count >= 19)
            let active = try #require(connection.engine?.connectionIDs)
            #expect(active.map(\.sequenceNumber) == active.map(\.sequenceNumber).sorted())
            #expect(connection.events.issuedIDs.count == retired.count + active.count)
        }
        scenario.expectNothingLeft()
    }
}

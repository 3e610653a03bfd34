import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Stateless reset")
struct StatelessResetTests {
    @Test("a server that was restarted with the same secret ends the connection within a round trip")
    func sameSecret() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        let stream = try client.open(sending: pattern(100), finish: false)
        scenario.run(.milliseconds(200))
        scenario.server.restart()
        let start = scenario.now
        client.send(pattern(1_000), on: stream, finish: false)
        #expect(scenario.run(.seconds(5)) { client.closeReason != nil })
        #expect(client.closeReason == ConnectionCloseReason(.statelessReset, reason: ""))
        #expect(scenario.now.duration(since: start) == .milliseconds(20))
        #expect(client.phase == .draining)
        #expect(scenario.server.answers.resets >= 1)
        scenario.expectNothingLeft()
    }

    @Test("a reset with a token of another secret is ignored, the connection ends when it is idle")
    func otherSecret() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.idleTimeout = .seconds(5)
        let (client, _) = try scenario.connect()
        let stream = try client.open(sending: pattern(100), finish: false)
        scenario.run(.milliseconds(200))
        scenario.server.restart()
        scenario.server.resetSecret = [UInt8](repeating: 1, count: 32)
        client.send(pattern(1_000), on: stream, finish: false)
        scenario.run(.seconds(1))
        #expect(scenario.server.answers.resets >= 1)
        #expect(client.phase == .confirmed)
        scenario.run(.seconds(10))
        #expect(client.closeReason?.closedBy == .idleTimeout)
        scenario.expectNothingLeft()
    }

    @Test("a server that is told so answers nothing")
    func switchedOff() throws {
        let scenario = Scenario()
        scenario.server.sendsStatelessResets = false
        let (client, _) = try scenario.connect()
        scenario.run(.milliseconds(200))
        scenario.server.restart()
        let sent = scenario.simulation.network.statistics(from: scenario.server.address, to: scenario.client.address)
            .sent
        try client.open(sending: pattern(1_000))
        scenario.run(.seconds(2))
        #expect(client.phase == .confirmed)
        #expect(
            scenario.simulation.network.statistics(from: scenario.server.address, to: scenario.client.address).sent
                == sent)
        scenario.expectNothingLeft()
    }

    @Test(
        "is smaller than what triggered it, and not longer than a small packet",
        arguments: [22, 23, 40, 42, 43, 100, 1_452])
    func size(trigger: Int) throws {
        let token = try #require(StatelessResetToken((0..<16).map { UInt8($0) }))
        let random = SeededRandomness(seed: 1)
        let reset = StatelessPacket.statelessReset(token: token, triggerSize: trigger, random: random)
        #expect(reset.count < trigger)
        #expect(reset.count == min(trigger - 1, 41))
        #expect(reset.count >= 21)
        #expect(Array(reset.suffix(16)) == token.bytes)
        // It looks like a short header packet, with other bits each time.
        #expect(reset[0] & 0xc0 == 0x40)
        #expect(StatelessPacket.statelessReset(token: token, triggerSize: trigger, random: random) != reset)
    }

    @Test("is not sent for a packet so small that the answer could not be smaller", arguments: [0, 1, 16, 20, 21])
    func tooSmall(trigger: Int) {
        let token = StatelessResetToken(high: 1, low: 2)
        #expect(
            StatelessPacket.statelessReset(token: token, triggerSize: trigger, random: SeededRandomness(seed: 1))
                .isEmpty)
    }

    @Test("tokens of the peer's IDs are told when they come into use, and when they go out of it")
    func learned() throws {
        let scenario = Scenario()
        scenario.client.otherAddresses.append(MigrationTests.elsewhere)
        let (client, server) = try scenario.connect()
        scenario.run(.milliseconds(500))
        let path = NetworkPath(local: MigrationTests.elsewhere, remote: scenario.server.address)
        try client.engine?.migrate(to: path, now: scenario.now)
        scenario.run(.seconds(5))
        #expect(client.engine?.currentPath == path)
        let tokens = Dictionary(
            uniqueKeysWithValues: server.events.issuedIDs.map { ($0.sequenceNumber, $0.resetToken) })
        var learned: [UInt64] = []
        var expired: [UInt64] = []
        for event in client.events {
            switch event {
            case .resetTokenLearned(let token, let number):
                learned.append(number)
                #expect(tokens[number] == token)
            case .resetTokenExpired(let token, let number):
                expired.append(number)
                #expect(tokens[number] == token)
            default: break
            }
        }
        #expect(Set(learned).count >= 2)
        #expect(!expired.isEmpty)
        #expect(Set(expired).isSubset(of: Set(learned)))
        scenario.expectNothingLeft()
    }

    @Test("the transport parameters name the server's first ID and the token of its resets, and none of a client's")
    func parameters() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        let first = try #require(server.events.issuedIDs.first { $0.sequenceNumber == 0 })
        let declared = try #require(client.engine?.peerTransportParameters)
        #expect(declared.firstConnectionID == first.id)
        #expect(declared.resetToken != nil && declared.resetToken == first.resetToken)
        #expect(server.engine?.peerTransportParameters?.resetToken == nil)
        scenario.expectNothingLeft()
    }
}

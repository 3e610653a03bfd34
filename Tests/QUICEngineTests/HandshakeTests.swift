import QUICEngine
import QUICTestSupport
import Testing

@Suite("Handshake")
struct HandshakeTests {
    @Test("completes in one round trip and is confirmed in one and a half")
    func completes() throws {
        let scenario = Scenario()
        let client = try scenario.dial()
        let start = scenario.now
        #expect(scenario.run { client.isConnected })
        #expect(scenario.now.duration(since: start) == .milliseconds(20))
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        // 0.12 takes two milliseconds longer: it paces the handshake already.
        #expect(scenario.now.duration(since: start) < .milliseconds(45))
        let summary = try #require(client.engine?.handshake)
        #expect(summary.applicationProtocol == "test")
        #expect(summary.serverName == "server.test")
        #expect(summary.cipher == "AES-128-GCM")
        #expect(summary.isResumed == false)
        #expect(summary.peerCertificate?.chain == Scenario.serverIdentity.chain)
        scenario.expectNothingLeft()
    }

    @Test("survives the loss of any single datagram", arguments: 0..<10)
    func survivesLoss(index: Int) throws {
        let scenario = Scenario()
        scenario.simulation.network.filter = { number, _, _ in number == index ? .drop : .deliver }
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(20_000))
        #expect(scenario.run { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(20_000))
        scenario.expectNothingLeft()
    }
}

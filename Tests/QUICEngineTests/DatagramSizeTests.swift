import QUICEngine
import QUICTestSupport
import Testing

@Suite("Datagrams that do not fit any more")
struct DatagramSizeTests {
    @Test("a datagram queued for a path that carried more is dropped and counted, and streams go on")
    func pathShrinks() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.datagrams.maximumFrameSize = 65_535
        scenario.serverConfiguration { $0.datagrams.maximumFrameSize = 65_535 }
        let (client, server) = try scenario.connect()
        // Data lets the path's MTU be probed.
        try client.open(sending: pattern(300_000))
        #expect(scenario.run { (client.engine?.statistics.maximumPayload ?? 0) > 1_400 })
        scenario.run(.seconds(1))
        let size = try #require(client.engine?.maximumDatagramSize)
        #expect(size > 1_300)
        try client.engine?.sendDatagram(pattern(size))
        let elsewhere = NetworkAddress(ipv4: (10, 9, 9, 9), port: 51_000)
        scenario.client.otherAddresses.append(elsewhere)
        let path = NetworkPath(local: elsewhere, remote: scenario.server.address)
        try client.engine?.migrate(to: path, probingFirst: false, now: scenario.now)
        #expect(try #require(client.engine?.maximumDatagramSize) < size)
        let id = try client.open(sending: pattern(20_000))
        #expect(scenario.run(.seconds(10)) { server.ended.contains(id) })
        #expect(client.engine?.statistics.datagramFramesDropped == 1)
        #expect(server.receivedDatagrams.isEmpty)
        scenario.expectNothingLeft()
    }

    @Test("the largest datagram of 0-RTT fits a packet with a long header")
    func early() throws {
        let scenario = Scenario()
        let (key, protection) = (try SessionTicketKey(), try ReplayProtection())
        scenario.serverTLS {
            $0.ticketKey = key
            $0.earlyData = protection
        }
        scenario.clientConfiguration.datagrams.maximumFrameSize = 65_535
        scenario.serverConfiguration { $0.datagrams.maximumFrameSize = 65_535 }
        scenario.clientTLS.resumption = try scenario.earnTicket()
        scenario.clientTLS.sendsEarlyData = true
        let client = try scenario.dial()
        let size = try #require(client.engine?.maximumDatagramSize)
        #expect(size > 1_000)
        try client.engine?.sendDatagram(pattern(size))
        #expect(throws: EngineError(.datagramNotPossible, "")) { try client.engine?.sendDatagram(pattern(size + 1)) }
        #expect(scenario.run { scenario.server.accepted.last?.receivedDatagrams == [pattern(size)] })
        #expect(client.engine?.statistics.datagramFramesDropped == 0)
        scenario.expectNothingLeft()
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("The TLS session's end")
struct SessionReleaseTests {
    @Test("a server lets TLS go when the handshake is over, a client keeps it: tickets may come")
    func release() throws {
        let scenario = Scenario()
        let key = try SessionTicketKey()
        scenario.serverTLS { $0.ticketKey = key }
        let (client, server) = try scenario.connect()
        #expect(server.engine?.connection?.tls == nil)
        #expect(client.engine?.connection?.tls != nil)
        // The ticket was made before, and what the handshake agreed on is still told.
        #expect(scenario.run { client.ticket != nil })
        #expect(server.engine?.handshake?.serverName == "server.test")
        #expect(server.engine?.handshake?.group == "X25519")
        scenario.expectNothingLeft()
    }
}

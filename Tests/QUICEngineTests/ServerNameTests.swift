import QUICEngine
import QUICTestSupport
import Testing

@Suite("Server names")
struct ServerNameTests {
    static let main = try! Scenario.identities.identity(for: ["main.test"])
    static let shop = try! Scenario.identities.identity(for: ["shop.test", "cart.shop.test"])
    static let wild = try! Scenario.identities.identity(for: ["*.wild.test"])
    static var identities: ServerIdentities { ServerIdentities(default: main, others: [shop, wild]) }

    /// A server with three identities, and a client that only records which it was shown.
    private static func scenario(_ identities: ServerIdentities = Self.identities) -> Scenario {
        let scenario = Scenario()
        scenario.serverTLS { $0.identities = identities }
        scenario.clientTLS.trust = .custom { _ in .accept }
        return scenario
    }

    @Test(
        "the identity is chosen by the name that the client asks for",
        arguments: [
            ("main.test", 0), ("shop.test", 1), ("SHOP.test", 1), ("cart.shop.test", 1), ("a.wild.test", 2),
            // RFC 6125 §6.4.3: a wild card stands for one label.
            ("a.b.wild.test", 0), ("wild.test", 0), ("unknown.test", 0), ("10.1.2.3", 0), ("", 0),
        ])
    func selection(name: String, expected: Int) throws {
        let scenario = Self.scenario()
        scenario.clientTLS.serverName = name
        let (client, server) = try scenario.connect()
        let shown = [Self.main, Self.shop, Self.wild][expected]
        #expect(client.engine?.handshake?.peerCertificate?.chain == shown.chain)
        let sendsName = !name.isEmpty && name != "10.1.2.3"
        #expect(server.engine?.handshake?.serverName == (sendsName ? name : nil))
        scenario.expectNothingLeft()
    }

    @Test("identities of different kinds of keys stand side by side")
    func mixedKinds() throws {
        let curve = try Scenario.identities.identity(for: ["curve.test"], keyKind: .ecdsaP256)
        let scenario = Self.scenario(ServerIdentities(default: Self.main, others: [curve]))
        scenario.clientTLS.serverName = "curve.test"
        scenario.clientTLS.trust = .roots(Scenario.identities.store)
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.peerCertificate?.publicKey == curve.publicKey)
        scenario.expectNothingLeft()
    }

    @Test("unknown names are turned away where that is wanted, and both ends know why")
    func refusesUnknownNames() throws {
        let scenario = Self.scenario(
            ServerIdentities(default: Self.main, others: [Self.shop], refusesUnknownNames: true))
        scenario.clientTLS.serverName = "unknown.test"
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .unrecognizedName, from: \.server, mentioning: "unknown.test")
        for (name, identity) in [("main.test", Self.main), ("shop.test", Self.shop), ("10.1.2.3", Self.main)] {
            scenario.clientTLS.serverName = name
            let (client, _) = try scenario.connect()
            #expect(client.engine?.handshake?.peerCertificate?.chain == identity.chain)
        }
        scenario.expectNothingLeft()
    }

    @Test("replaced identities are shown from the next handshake on; live connections go on")
    func replacesAtRunTime() throws {
        let identities = ServerIdentities(default: Self.main)
        let scenario = Self.scenario(identities)
        scenario.clientTLS.serverName = "main.test"
        let (old, oldServer) = try scenario.connect()

        let renewed = try Scenario.identities.identity(for: ["main.test"])
        identities.replace(default: renewed, others: [Self.shop])
        let (new, _) = try scenario.connect()
        #expect(new.engine?.handshake?.peerCertificate?.chain == renewed.chain)
        #expect(old.engine?.handshake?.peerCertificate?.chain == Self.main.chain)
        scenario.clientTLS.serverName = "shop.test"
        let (shopper, _) = try scenario.connect()
        #expect(shopper.engine?.handshake?.peerCertificate?.chain == Self.shop.chain)

        try old.open(sending: pattern(30_000))
        #expect(scenario.run { oldServer.ended.count == 1 })
        #expect(oldServer.received.values.first == pattern(30_000))
        scenario.expectNothingLeft()
    }

    @Test("identities that are replaced in the middle of a handshake do not disturb it")
    func replacesDuringHandshake() throws {
        let scenario: Scenario
        do {
            // Nothing but the connection keeps the first identity alive.
            let identities = ServerIdentities(default: try Scenario.identities.identity(for: ["main.test"]))
            scenario = Self.scenario(identities)
        }
        scenario.clientTLS.serverName = "main.test"
        scenario.clientTLS.trust = .roots(Scenario.identities.store)
        let client = try scenario.dial()
        #expect(scenario.run { scenario.server.accepted.count == 1 })
        scenario.serverTLS { $0.identities.replace(default: Self.main) }
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        #expect(client.engine?.handshake?.peerCertificate?.chain != Self.main.chain)
        scenario.expectNothingLeft()
    }

    @Test("a name that can't be one is refused before anything is sent")
    func invalidName() throws {
        let scenario = Self.scenario()
        scenario.clientTLS.serverName = String(repeating: "x", count: 300)
        #expect(throws: EngineError(.invalidCredentials, "")) { try scenario.dial() }
        #expect(scenario.simulation.network.statistics.sent == 0)
        scenario.expectNothingLeft()
    }
}

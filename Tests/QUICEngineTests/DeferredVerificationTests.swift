import QUICEngine
import QUICTestSupport
import Testing

@Suite("Deferred verification")
struct DeferredVerificationTests {
    /// A client whose handshake stands still until somebody decides about the server's certificate.
    private static func waiting(
        _ scenario: Scenario
    ) throws -> (client: SimulatedConnection, peer: PeerCertificate) {
        scenario.clientTLS.trust = .deferred
        let client = try scenario.dial()
        #expect(scenario.run(.seconds(1)) { client.awaitedVerdict != nil })
        return (client, try #require(client.awaitedVerdict))
    }

    @Test("the handshake waits for the verdict, and goes on with a yes")
    func accepts() throws {
        let scenario = Scenario()
        let (client, peer) = try Self.waiting(scenario)
        #expect(peer.chain == Scenario.serverIdentity.chain)
        #expect(peer.expectedName == "server.test")
        #expect(!client.isConnected)
        try client.decide(.accept, scenario)
        #expect(scenario.run(.seconds(1)) { client.saw(.handshakeConfirmed) })
        #expect(client.engine?.handshake?.peerCertificate == peer)
        try client.open(sending: pattern(5_000))
        let server = try #require(scenario.server.accepted.last)
        #expect(scenario.run(.seconds(1)) { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(5_000))
        scenario.expectNothingLeft()
    }

    @Test("a verdict may take seconds: neither end gives up, and nobody is asked twice")
    func decidesLate() throws {
        let scenario = Scenario()
        let (client, _) = try Self.waiting(scenario)
        scenario.run(.seconds(6))
        #expect(client.phase == .handshaking)
        #expect(client.events.count { if case .verificationNeeded = $0 { true } else { false } } == 1)
        try client.decide(.accept, scenario)
        #expect(scenario.run(.seconds(2)) { client.saw(.handshakeConfirmed) })
        scenario.expectNothingLeft()
    }

    @Test("a no ends the handshake with its alert and reason at both ends")
    func rejects() throws {
        let scenario = Scenario()
        let (client, _) = try Self.waiting(scenario)
        scenario.run(.seconds(1))
        try client.decide(.reject(.certificateRevoked, reason: "on the list"), scenario)
        let server = try #require(scenario.server.accepted.last)
        scenario.run(.seconds(1)) { server.closeReason != nil }
        let endings = Scenario.Endings(
            client: try #require(client.closeReason), server: try #require(server.closeReason))
        scenario.expect(endings, alert: .certificateRevoked, from: \.client, mentioning: "on the list")
        #expect(!client.isConnected)
        scenario.expectNothingLeft()
    }

    @Test("a second verdict, and one that nobody asked for, are errors")
    func decidesTwice() throws {
        let scenario = Scenario()
        let (client, _) = try Self.waiting(scenario)
        try client.decide(.accept, scenario)
        Self.expectNoVerdictAwaited(client, scenario)
        #expect(scenario.run(.seconds(1)) { client.saw(.handshakeConfirmed) })
        Self.expectNoVerdictAwaited(client, scenario)
        let server = try #require(scenario.server.accepted.last)
        Self.expectNoVerdictAwaited(server, scenario)
        scenario.expectNothingLeft()
    }

    @Test("closing while the verdict is awaited tells the server, and a verdict after that is an error")
    func closesWhileWaiting() throws {
        let scenario = Scenario()
        let (client, _) = try Self.waiting(scenario)
        try client.engine?.close(transportCode: 0, reason: "changed my mind", now: scenario.now)
        Self.expectNoVerdictAwaited(client, scenario)
        let server = try #require(scenario.server.accepted.last)
        #expect(scenario.run(.seconds(1)) { server.closeReason != nil })
        #expect(server.closeReason?.closedBy == .peer)
        #expect(client.closeReason?.closedBy == .local)
        scenario.expectNothingLeft()
    }

    @Test("without a verdict the handshake times out")
    func neverDecides() throws {
        let scenario = Scenario()
        let (client, _) = try Self.waiting(scenario)
        #expect(scenario.run(.seconds(40)) { client.closeReason != nil })
        #expect(client.closeReason?.closedBy == .handshakeTimeout)
        scenario.expectNothingLeft()
    }

    @Test("loss and delay while waiting do no harm", arguments: 0..<8)
    func surviveLoss(index: Int) throws {
        let scenario = Scenario()
        scenario.simulation.network.filter = { number, _, _ in number == index ? .drop : .deliver }
        scenario.clientTLS.trust = .deferred
        let client = try scenario.dial()
        #expect(scenario.run { client.awaitedVerdict != nil })
        scenario.run(.milliseconds(250))
        try client.decide(.accept, scenario)
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        scenario.expectNothingLeft()
    }

    @Test("a server can take its time over a client's certificate", arguments: [true, false])
    func serverDefers(accepts: Bool) throws {
        let scenario = Scenario()
        scenario.serverTLS { $0.clientAuthentication = .required(.deferred) }
        scenario.clientTLS.identity = Scenario.clientIdentity
        let client = try scenario.dial()
        #expect(scenario.run(.seconds(1)) { scenario.server.accepted.last?.awaitedVerdict != nil })
        let server = try #require(scenario.server.accepted.last)
        #expect(server.awaitedVerdict?.chain == Scenario.clientIdentity.chain)
        #expect(server.awaitedVerdict?.expectedName == nil)
        scenario.run(.seconds(2))
        #expect(!server.isConnected)
        if accepts {
            try server.decide(.accept, scenario)
            #expect(scenario.run(.seconds(2)) { client.saw(.handshakeConfirmed) })
        } else {
            try server.decide(.reject(.accessDenied, reason: "members only"), scenario)
            #expect(scenario.run(.seconds(2)) { client.closeReason != nil })
            #expect(client.closeReason?.tlsAlert == .accessDenied)
            #expect(client.closeReason?.reason == "members only")
            #expect(server.closeReason?.closedBy == .local)
        }
        scenario.expectNothingLeft()
    }

    private static func expectNoVerdictAwaited(
        _ connection: SimulatedConnection, _ scenario: Scenario, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: EngineError(.connectionStateMismatch, ""), sourceLocation: sourceLocation) {
            try connection.decide(.accept, scenario)
        }
    }
}

extension SimulatedConnection {
    /// Gives the verdict that the engine waits for.
    fileprivate func decide(_ verdict: CertificateVerdict, _ scenario: Scenario) throws {
        try #require(self.engine).completeVerification(verdict, now: scenario.now)
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Resumption")
struct ResumptionTests {
    /// A server that gives tickets.
    private static func scenario(key: SessionTicketKey? = nil) throws -> Scenario {
        let scenario = Scenario()
        let key = try key ?? SessionTicketKey()
        scenario.serverTLS { $0.ticketKey = key }
        return scenario
    }

    @Test("a server gives tickets only where it has a key for them")
    func noKey() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        scenario.run(.seconds(2))
        #expect(client.ticket == nil)
        scenario.expectNothingLeft()
    }

    @Test("a ticket says whose it is, survives as bytes, and resumes the session without a certificate")
    func roundTrip() throws {
        let scenario = try Self.scenario()
        let ticket = try scenario.earnTicket()
        #expect(ticket.serverName == "server.test")
        #expect(ticket.applicationProtocol == "test")
        #expect(EngineLibrary.versions.contains(ticket.version))
        #expect(!ticket.allowsEarlyData)
        let stored = try #require(ResumptionTicket(ticket.bytes))
        #expect(stored == ticket)

        scenario.clientTLS.resumption = stored
        let (client, server) = try scenario.connect()
        let summary = try #require(client.engine?.handshake)
        #expect(summary.isResumed)
        #expect(!summary.acceptedEarlyData)
        #expect(summary.peerCertificate == nil)
        #expect(summary.applicationProtocol == "test")
        #expect(server.engine?.handshake?.isResumed == true)
        try client.open(sending: pattern(10_000))
        #expect(scenario.run { server.ended.count == 1 })
        scenario.expectNothingLeft()
    }

    @Test("a resumed connection earns the next ticket")
    func renews() throws {
        let scenario = try Self.scenario()
        let first = try scenario.earnTicket()
        scenario.clientTLS.resumption = first
        let second = try scenario.earnTicket()
        #expect(second != first)
        scenario.clientTLS.resumption = second
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.isResumed == true)
        scenario.expectNothingLeft()
    }

    @Test("a connection is never resumed just because it could be")
    func withoutTicket() throws {
        let scenario = try Self.scenario()
        _ = try scenario.earnTicket()
        let (client, server) = try scenario.connect()
        #expect(client.engine?.handshake?.isResumed == false)
        #expect(server.engine?.handshake?.isResumed == false)
        scenario.expectNothingLeft()
    }

    @Test("a damaged stored value is refused, wherever the damage is")
    func damage() throws {
        let scenario = try Self.scenario()
        let bytes = try scenario.earnTicket().bytes
        for count in 0..<bytes.count { #expect(ResumptionTicket(Array(bytes.prefix(count))) == nil) }
        #expect(ResumptionTicket(bytes + [0]) == nil)
        for index in 0..<6 {
            var other = bytes
            other[index] ^= 0x80
            #expect(ResumptionTicket(other) == nil, "byte \(index)")
        }
        scenario.expectNothingLeft()
    }

    @Test("a server with another key does not know the ticket: the handshake is a full one")
    func otherKey() throws {
        let scenario = try Self.scenario()
        let ticket = try scenario.earnTicket()
        let otherKey = try SessionTicketKey()
        scenario.serverTLS { $0.ticketKey = otherKey }
        scenario.clientTLS.resumption = ticket
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.isResumed == false)
        #expect(client.engine?.handshake?.peerCertificate?.chain == Scenario.serverIdentity.chain)
        scenario.expectNothingLeft()
    }

    @Test("a server that takes tickets no more makes the handshake a full one")
    func keyTakenAway() throws {
        let scenario = try Self.scenario()
        scenario.clientTLS.resumption = try scenario.earnTicket()
        scenario.serverTLS { $0.ticketKey = nil }
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.isResumed == false)
        scenario.expectNothingLeft()
    }

    @Test("servers with the same key resume each other's sessions")
    func fleet() throws {
        let key = try SessionTicketKey()
        let scenario = try Self.scenario(key: key)
        scenario.clientTLS.resumption = try scenario.earnTicket()
        let sibling = scenario.simulation.addEndpoint()
        var listener = try #require(scenario.server.listener)
        listener.tls.ticketKey = SessionTicketKey(bytes: key.bytes)
        sibling.listener = listener
        let client = try scenario.client.connect(to: sibling.address, tls: scenario.clientTLS)
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        #expect(client.engine?.handshake?.isResumed == true)
        #expect(sibling.accepted.last?.engine?.handshake?.isResumed == true)
        scenario.expectNothingLeft()
    }

    @Test("a ticket outlives a restart of the server")
    func restart() throws {
        let scenario = try Self.scenario()
        scenario.clientTLS.resumption = try scenario.earnTicket()
        scenario.server.restart()
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.isResumed == true)
        scenario.expectNothingLeft()
    }

    @Test("a ticket for another server's name is not used: its certificate was never checked for this one")
    func otherName() throws {
        let scenario = try Self.scenario()
        scenario.clientTLS.resumption = try scenario.earnTicket()
        scenario.clientTLS.serverName = "other.test"
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .badCertificate, from: \.client, mentioning: "not for other.test")
        scenario.expectNothingLeft()
    }

    @Test("a ticket of a session with another application protocol is used for none of its data")
    func otherProtocol() throws {
        let scenario = try Self.scenario()
        let ticket = try scenario.earnTicket()
        scenario.serverTLS { $0.protocols = ["other"] }
        scenario.clientTLS.protocols = ["other"]
        scenario.clientTLS.resumption = ticket
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.applicationProtocol == "other")
        scenario.expectNothingLeft()
    }

    static let needsTwoVersions: Comment = "needs two QUIC versions"

    @Test(
        "a client with a ticket starts in the ticket's version",
        .enabled(if: EngineLibrary.versions.count > 1, needsTwoVersions))
    func sameVersion() throws {
        let scenario = try Self.scenario()
        scenario.clientTLS.resumption = try scenario.earnTicket()
        #expect(scenario.clientTLS.resumption?.version == .version2)
        let (client, _) = try scenario.connect { #expect($0.version == .version2) }
        #expect(client.engine?.handshake?.isResumed == true)
        #expect(client.engine?.handshake?.version == .version2)
        scenario.expectNothingLeft()
    }

    @Test(
        "a ticket of one QUIC version is not used in another",
        .enabled(if: EngineLibrary.versions.count > 1, needsTwoVersions))
    func otherVersion() throws {
        let scenario = try Self.scenario()
        scenario.clientTLS.resumption = try scenario.earnTicket()
        // The server has forgotten version 2 in the meantime, and says so.
        scenario.serverConfiguration { $0.versions = [.version1] }
        var attempts: [ClientAttempt] = []
        let client = try scenario.dial { attempts.append($0) }
        #expect(scenario.run { client.closeReason != nil })
        let offered = try #require(client.closeReason?.offeredVersions)
        let retry = try #require(attempts.last?.retrying(with: offered))
        #expect(retry.version == .version1)
        let (second, _) = try scenario.connect { $0 = retry }
        #expect(second.engine?.handshake?.isResumed == false)
        #expect(second.engine?.handshake?.version == .version1)
        scenario.expectNothingLeft()
    }

    @Test("a ticket key has sixty-four bytes, and new ones differ")
    func keys() throws {
        let key = try SessionTicketKey()
        #expect(key.bytes.count == 64)
        #expect(try SessionTicketKey() != key)
        #expect(SessionTicketKey(bytes: key.bytes) == key)
        for count in [0, 63, 65] { #expect(SessionTicketKey(bytes: Array(repeating: 7, count: count)) == nil) }
    }

    @Test("a ticket whose TLS part can't be read is refused with the advice to connect without it")
    func unreadableSession() throws {
        let scenario = Scenario()
        scenario.clientTLS.resumption = ResumptionTicket(
            serverName: "server.test", applicationProtocol: "test", version: .version1, allowsEarlyData: false,
            transportParameters: [], trust: scenario.clientTLS.trust.fingerprint, session: [1, 2, 3])
        let error = #expect(throws: EngineError.self) { try scenario.dial() }
        #expect(error?.code == .invalidCredentials)
        #expect(error?.message.contains("connect without it") == true)
        scenario.expectNothingLeft()
    }

    @Test("a ticket that one trust policy earned is not used under another, which would check nothing")
    func boundToPolicy() throws {
        let scenario = Scenario()
        try scenario.serverTLS { $0.ticketKey = try SessionTicketKey() }
        let strict = scenario.clientTLS.trust
        scenario.clientTLS.trust = .insecureNoVerification
        let (client, _) = try scenario.connect()
        #expect(scenario.run(.seconds(1)) { client.ticket != nil })
        scenario.clientTLS.resumption = client.ticket
        let (again, _) = try scenario.connect()
        #expect(again.engine?.handshake?.isResumed == true)
        scenario.clientTLS.trust = strict
        let (checked, _) = try scenario.connect()
        #expect(checked.engine?.handshake?.isResumed == false)
        #expect(checked.engine?.handshake?.peerCertificate != nil)
        scenario.expectNothingLeft()
    }

    @Test("a ticket of one application protocol is of no use to a server of another with the same key")
    func boundToProtocols() throws {
        let scenario = Scenario()
        try scenario.serverTLS { $0.ticketKey = try SessionTicketKey() }
        scenario.clientTLS.protocols = ["test", "other"]
        let (client, _) = try scenario.connect()
        #expect(scenario.run(.seconds(1)) { client.ticket != nil })
        scenario.clientTLS.resumption = client.ticket
        scenario.serverTLS { $0.protocols = ["other"] }
        let (moved, _) = try scenario.connect()
        #expect(moved.engine?.handshake?.isResumed == false)
        #expect(moved.engine?.handshake?.applicationProtocol == "other")
        scenario.expectNothingLeft()
    }

    @Test("policies are told apart by what they trust, judgements of the application are not")
    func fingerprints() throws {
        let store = Scenario.identities.store
        let pin = try #require(Scenario.serverIdentity.pin)
        let other = try #require(Scenario.clientIdentity.pin)
        let all: [TrustPolicy] = [
            .system, .roots(store), .roots(try TestIdentities(now: Scenario.now).store), .pinned([pin]),
            .pinned([other]),
            .pinned([pin, other]), .custom { _ in .accept }, .deferred, .insecureNoVerification,
        ]
        #expect(Set(all.map(\.fingerprint)).count == all.count)
        #expect(TrustPolicy.pinned([pin, other]).fingerprint == TrustPolicy.pinned([other, pin]).fingerprint)
        #expect(TrustPolicy.custom { _ in .accept }.fingerprint == TrustPolicy.custom { _ in .accept }.fingerprint)
    }
}

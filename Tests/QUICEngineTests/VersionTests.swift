import QUICEngine
import QUICTestSupport
import Testing

@Suite("Versions")
struct VersionTests {
    static let needsTwo: Comment = "this ngtcp2 speaks version 1 only"
    static let hasTwo = EngineLibrary.versions.count > 1

    @Test("version 1 is spoken where one end knows no other", arguments: [true, false])
    func version1(clientKnowsMore: Bool) throws {
        let scenario = Scenario()
        if clientKnowsMore {
            scenario.serverConfiguration { $0.versions = [.version1] }
        } else {
            scenario.clientConfiguration.versions = [.version1]
        }
        let (client, server) = try scenario.connect()
        #expect(client.engine?.handshake?.version == .version1)
        #expect(server.engine?.handshake?.version == .version1)
        scenario.expectNothingLeft()
    }

    @Test("two ends that both prefer version 2 move to it without another round trip", .enabled(if: hasTwo, needsTwo))
    func compatible() throws {
        let scenario = Scenario()
        let client = try scenario.dial { #expect($0.version == .version1) }
        let start = scenario.now
        #expect(scenario.run { client.isConnected })
        #expect(scenario.now.duration(since: start) == .milliseconds(20))
        #expect(client.engine?.handshake?.version == .version2)
        let server = try #require(scenario.server.accepted.last)
        #expect(scenario.run { server.engine?.handshake?.version == .version2 })
        try client.open(sending: pattern(10_000))
        #expect(scenario.run { server.ended.count == 1 })
        #expect(scenario.server.answers.versionNegotiations == 0)
        scenario.expectNothingLeft()
    }

    @Test("two ends that both prefer version 1 stay with it", .enabled(if: hasTwo, needsTwo))
    func stays() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.versions = [.version1, .version2]
        scenario.serverConfiguration { $0.versions = [.version1, .version2] }
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.version == .version1)
        scenario.expectNothingLeft()
    }

    @Test("a client can start with version 2 at once", .enabled(if: hasTwo, needsTwo))
    func startsWith2() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect { $0.version = .version2 }
        #expect(client.engine?.handshake?.version == .version2)
        #expect(server.engine?.handshake?.version == .version2)
        scenario.expectNothingLeft()
    }

    @Test("a server that speaks only version 2 is reached with the second attempt", .enabled(if: hasTwo, needsTwo))
    func versionNegotiation() throws {
        let scenario = Scenario()
        scenario.serverConfiguration { $0.versions = [.version2] }
        var attempt: ClientAttempt?
        let first = try scenario.dial { attempt = $0 }
        #expect(scenario.run(.seconds(1)) { first.closeReason != nil })
        let reason = try #require(first.closeReason)
        #expect(reason.closedBy == .versionNegotiation)
        #expect(reason.offeredVersions.contains(.version2))
        #expect(!reason.offeredVersions.contains(.version1))
        #expect(reason.description.contains("none of our QUIC versions"))
        let retry = try #require(attempt?.retrying(with: reason.offeredVersions))
        #expect(retry.version == .version2)
        #expect(retry.originalVersion == .version1)
        let (client, _) = try scenario.connect { $0 = retry }
        #expect(client.engine?.handshake?.version == .version2)
        #expect(scenario.server.answers.versionNegotiations == 1)
        scenario.expectNothingLeft()
    }

    /// RFC 9368 §4: the server's authenticated list shows that it would have spoken the client's version.
    @Test("a forged Version Negotiation packet is found out in the handshake", .enabled(if: hasTwo, needsTwo))
    func downgrade() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.versions = [.version1, .version2]
        scenario.serverConfiguration { $0.versions = [.version1, .version2] }
        var attempt: ClientAttempt?
        _ = try scenario.dial { attempt = $0 }
        let retry = try #require(attempt?.retrying(with: [.version2]))
        let client = try scenario.dial { $0 = retry }
        #expect(scenario.run(.seconds(5)) { client.closeReason != nil })
        #expect(client.closeReason?.code == .transport(0x11))
        #expect(client.closeReason?.description.contains("version negotiation error") == true)
        #expect(!client.isConnected)
        scenario.expectNothingLeft()
    }

    @Test("a server without a common version ends the attempt, and there is no second one")
    func nothingInCommon() throws {
        let scenario = Scenario()
        let unknown = QUICVersion(0xff00_001d)
        var attempt: ClientAttempt?
        Self.answer(scenario, offering: [unknown])
        let client = try scenario.dial { attempt = $0 }
        #expect(scenario.run(.seconds(1)) { client.closeReason != nil })
        let reason = try #require(client.closeReason)
        #expect(reason.closedBy == .versionNegotiation)
        #expect(reason.offeredVersions.contains(unknown))
        #expect(reason.description.contains("0xff00001d"))
        #expect(attempt?.retrying(with: reason.offeredVersions) == nil)
        scenario.expectNothingLeft()
    }

    @Test("a Version Negotiation packet that offers the version that was tried is ignored")
    func pointless() throws {
        let scenario = Scenario()
        Self.answer(scenario, offering: [.version1])
        let client = try scenario.dial()
        scenario.run(.seconds(5))
        #expect(client.closeReason == nil)
        #expect(client.phase == .handshaking)
        scenario.expectNothingLeft()
    }

    @Test("a second attempt is made once, and only with a version that both know", .enabled(if: hasTwo, needsTwo))
    func retrying() {
        let path = NetworkPath(
            local: NetworkAddress(ipv4: (10, 0, 0, 1), port: 1), remote: NetworkAddress(ipv4: (10, 0, 0, 2), port: 2))
        var attempt = ClientAttempt(path: path, tls: TLSClientConfiguration(serverName: "a", protocols: ["b"]))
        #expect(attempt.version == .version1)
        let unknown = QUICVersion(0x1a2a_3a4a)
        #expect(attempt.retrying(with: []) == nil)
        #expect(attempt.retrying(with: [unknown, .version1]) == nil)
        #expect(attempt.retrying(with: [unknown, .version2])?.version == .version2)
        #expect(attempt.retrying(with: [.version2])?.retrying(with: [.version1]) == nil)
        attempt.configuration.versions = [.version1, unknown]
        #expect(attempt.retrying(with: [unknown, .version2]) == nil)
        attempt.configuration.versions = [.version1, .version2]
        attempt.version = .version2
        let next = attempt.retrying(with: [.version1])
        #expect(next?.version == .version1)
        #expect(next?.originalVersion == .version2)
    }

    @Test(
        "a server's list names only what it speaks, so that nobody suspects a downgrade", .enabled(if: hasTwo, needsTwo)
    )
    func honestList() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.versions = [.version1, .version2]
        scenario.serverConfiguration { $0.versions = [.version2] }
        var attempt: ClientAttempt?
        let first = try scenario.dial { attempt = $0 }
        #expect(scenario.run(.seconds(1)) { first.closeReason != nil })
        let offered = try #require(first.closeReason?.offeredVersions)
        let retry = try #require(attempt?.retrying(with: offered))
        let (client, _) = try scenario.connect { $0 = retry }
        #expect(client.engine?.handshake?.version == .version2)
        scenario.expectNothingLeft()
    }

    @Test(
        "a client that speaks only version 2 starts with it, and never ends up with another",
        .enabled(if: hasTwo, needsTwo))
    func only2() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.versions = [.version2]
        let (client, _) = try scenario.connect { #expect($0.version == .version2) }
        #expect(client.engine?.handshake?.version == .version2)
        scenario.serverConfiguration { $0.versions = [.version1] }
        let other = try scenario.dial()
        #expect(scenario.run(.seconds(1)) { other.closeReason != nil })
        #expect(other.closeReason?.closedBy == .versionNegotiation)
        scenario.expectNothingLeft()
    }

    @Test("an attempt in a version that is not configured, or that the library does not know, is refused")
    func unconfiguredVersion() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.versions = [.version1]
        for version in [QUICVersion.version2, QUICVersion(0x1a2a_3a4a), QUICVersion(0)] {
            let error = #expect(throws: EngineError.self) { try scenario.dial { $0.version = version } }
            #expect(error?.code == .invalidConfiguration)
        }
        scenario.expectNothingLeft()
    }

    @Test("without any version that the library knows there is no engine")
    func noKnownVersion() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.versions = [QUICVersion(0x1a2a_3a4a)]
        let error = #expect(throws: EngineError.self) { try scenario.dial() }
        #expect(error?.code == .invalidConfiguration)
        scenario.expectNothingLeft()
    }

    @Test("a server answers an unknown version once per datagram of full size, and smaller ones not at all")
    func greasedVersion() throws {
        let scenario = Scenario()
        let probe = scenario.simulation.addEndpoint(port: 9)
        let path = NetworkPath(local: probe.address, remote: scenario.server.address)
        var datagram: [UInt8] = [0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8] + Array(1...8) + [4, 9, 9, 9, 9]
        datagram += Array(repeating: 0, count: 1_199 - datagram.count)
        scenario.simulation.network.send(datagram, path: path)
        scenario.run(.seconds(1))
        #expect(scenario.server.answers.versionNegotiations == 0)
        scenario.simulation.network.send(datagram + [0], path: path)
        scenario.run(.seconds(1))
        #expect(scenario.server.answers.versionNegotiations == 1)
        #expect(scenario.server.accepted.isEmpty)
        scenario.expectNothingLeft()
    }

    /// Makes the network answer the client's first packets with Version Negotiation, in the server's place.
    private static func answer(_ scenario: Scenario, offering versions: [QUICVersion]) {
        let (server, network, random) = (
            scenario.server.address, scenario.simulation.network, scenario.simulation.random
        )
        network.filter = { _, path, bytes in
            guard path.remote == server,
                case .long(_, let destination, let source)? = StatelessPacket.header(of: bytes, localIDLength: 8)
            else { return .deliver }
            let answer = StatelessPacket.versionNegotiation(
                destination: destination.bytes, source: source.bytes, versions: versions, random: random)
            network.send(answer, path: path.reversed)
            return .drop
        }
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Ciphers, groups and protocols")
struct CryptographyTests {
    @Test("each cipher is negotiated where it is the only one", arguments: TLSCryptography.Cipher.allCases)
    func ciphers(cipher: TLSCryptography.Cipher) throws {
        let scenario = Scenario()
        scenario.clientTLS.cryptography.ciphers = [cipher]
        let (client, server) = try scenario.connect()
        #expect(client.engine?.handshake?.cipher == cipher.rawValue)
        #expect(server.engine?.handshake?.cipher == cipher.rawValue)
        try client.open(sending: pattern(20_000))
        #expect(scenario.run { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(20_000))
        scenario.expectNothingLeft()
    }

    @Test("each group is negotiated where it is the only one", arguments: TLSCryptography.Group.allCases)
    func groups(group: TLSCryptography.Group) throws {
        let scenario = Scenario()
        scenario.serverTLS { $0.cryptography.groups = [group] }
        let (client, server) = try scenario.connect()
        let names: [TLSCryptography.Group: String] = [
            .x25519: "X25519", .p256: "SECP256R1", .p384: "SECP384R1", .p521: "SECP521R1",
        ]
        #expect(client.engine?.handshake?.group == names[group])
        #expect(server.engine?.handshake?.group == names[group])
        scenario.expectNothingLeft()
    }

    @Test("a server that knows only the client's second group gets a key of that, and no other group is tried")
    func secondGroup() throws {
        let scenario = Scenario()
        scenario.clientTLS.cryptography.groups = [.x25519, .p256]
        scenario.serverTLS { $0.cryptography.groups = [.p256, .p384] }
        let (client, server) = try scenario.connect()
        #expect(client.engine?.handshake?.group == "SECP256R1")
        #expect(server.engine?.handshake?.group == "SECP256R1")
        scenario.expectNothingLeft()
    }

    @Test("the client's order decides where both know several ciphers")
    func order() throws {
        let scenario = Scenario()
        scenario.clientTLS.cryptography.ciphers = [.chacha20Poly1305, .aes128GCM]
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.cipher == "CHACHA20-POLY1305")
        scenario.expectNothingLeft()
    }

    @Test("no cipher in common ends the handshake with an alert that both ends see")
    func noCommonCipher() throws {
        let scenario = Scenario()
        scenario.clientTLS.cryptography.ciphers = [.aes256GCM]
        scenario.serverTLS { $0.cryptography.ciphers = [.chacha20Poly1305] }
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .handshakeFailure, from: \.server, mentioning: "in common")
        scenario.expectNothingLeft()
    }

    @Test("no group in common ends the handshake with an alert that both ends see")
    func noCommonGroup() throws {
        let scenario = Scenario()
        scenario.clientTLS.cryptography.groups = [.x25519]
        scenario.serverTLS { $0.cryptography.groups = [.p384] }
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .handshakeFailure, from: \.server, mentioning: "in common")
        scenario.expectNothingLeft()
    }

    @Test("an empty list of ciphers or groups is refused at both ends before anything happens")
    func emptyLists() throws {
        let scenario = Scenario()
        for change in [{ $0.ciphers = [] }, { $0.groups = [] }] as [(inout TLSCryptography) -> Void] {
            scenario.clientTLS.cryptography = TLSCryptography()
            change(&scenario.clientTLS.cryptography)
            #expect(throws: EngineError(.invalidConfiguration, "")) { try scenario.dial() }
        }
        scenario.clientTLS.cryptography = TLSCryptography()
        scenario.serverTLS { $0.cryptography.groups = [] }
        _ = try scenario.dial()
        scenario.run(.seconds(1))
        #expect(scenario.server.accepted.isEmpty)
        #expect(scenario.server.answers.dropped > 0)
        scenario.expectNothingLeft()
    }

    @Test("the priority string says what was asked for, TLS 1.3 and nothing else")
    func priority() {
        var cryptography = TLSCryptography()
        cryptography.ciphers = [.chacha20Poly1305, .aes128GCM]
        cryptography.groups = [.p256]
        #expect(
            cryptography.priority(certificateTypes: [])
                == "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305:+AES-128-GCM"
                + ":-GROUP-ALL:+GROUP-SECP256R1:%DISABLE_TLS13_COMPAT_MODE")
        #expect(
            cryptography.priority(certificateTypes: ["SRV-RAWPK", "CLI-X509"])
                .hasSuffix(":-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-X509:%DISABLE_TLS13_COMPAT_MODE"))
    }
}

@Suite("Application protocols")
struct ApplicationProtocolTests {
    @Test("the protocol that both speak is chosen, and both ends know it")
    func chosen() throws {
        let scenario = Scenario()
        scenario.clientTLS.protocols = ["new", "old"]
        scenario.serverTLS { $0.protocols = ["other", "old"] }
        let (client, server) = try scenario.connect()
        #expect(client.engine?.handshake?.applicationProtocol == "old")
        #expect(server.engine?.handshake?.applicationProtocol == "old")
        scenario.expectNothingLeft()
    }

    @Test("where both speak several, both ends agree on one")
    func order() throws {
        let scenario = Scenario()
        scenario.clientTLS.protocols = ["a", "b"]
        scenario.serverTLS { $0.protocols = ["b", "a"] }
        let (client, server) = try scenario.connect()
        let chosen = try #require(client.engine?.handshake?.applicationProtocol)
        #expect(["a", "b"].contains(chosen))
        #expect(server.engine?.handshake?.applicationProtocol == chosen)
        scenario.expectNothingLeft()
    }

    @Test("none in common ends the handshake, and both ends can read what to change")
    func noneInCommon() throws {
        let scenario = Scenario()
        scenario.clientTLS.protocols = ["new"]
        let endings = try scenario.dialInVain()
        scenario.expect(
            endings, alert: .noApplicationProtocol, from: \.server, mentioning: "application protocol (ALPN)")
        #expect(endings.client.description.contains("no_application_protocol"))
        scenario.expectNothingLeft()
    }

    @Test(
        "a list without a protocol, or with one that does not fit, is refused",
        arguments: [[], [""], ["ok", String(repeating: "x", count: 32)], (0...8).map(String.init)])
    func invalid(protocols: [String]) throws {
        let scenario = Scenario()
        scenario.clientTLS.protocols = protocols
        let error = #expect(throws: EngineError.self) { try scenario.dial() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("ALPN") == true)
        scenario.clientTLS.protocols = ["test"]
        scenario.serverTLS { $0.protocols = protocols }
        _ = try scenario.dial()
        scenario.run(.seconds(1))
        #expect(scenario.server.accepted.isEmpty)
        scenario.expectNothingLeft()
    }

    @Test("the eighth protocol counts as much as the first, and a name may have 31 bytes")
    func longest() throws {
        let scenario = Scenario()
        let name = String(repeating: "x", count: 31)
        scenario.clientTLS.protocols = (0..<7).map(String.init) + [name]
        scenario.serverTLS { $0.protocols = [name] }
        let (client, _) = try scenario.connect()
        #expect(client.engine?.handshake?.applicationProtocol == name)
        scenario.expectNothingLeft()
    }
}

@Suite("Key log")
struct KeyLogTests {
    static let labels: Set<String> = [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET",
    ]

    @Test("both ends log the same secrets, in the form of the NSS key log")
    func bothEnds() throws {
        let scenario = Scenario()
        scenario.clientTLS.logsKeys = true
        scenario.serverTLS { $0.logsKeys = true }
        let (client, server) = try scenario.connect()
        #expect(Set(client.keyLog) == Set(server.keyLog))
        var randoms: Set<String> = []
        for line in client.keyLog {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            try #require(parts.count == 3, "\(line)")
            #expect(parts[1].utf8.count == 64)
            #expect(parts[2].utf8.count == 64)
            #expect(parts[1...].allSatisfy { $0.allSatisfy(\.isHexDigit) })
            randoms.insert(String(parts[1]))
        }
        #expect(randoms.count == 1)
        #expect(Set(client.keyLog.map { String($0.prefix { $0 != " " }) }).isSuperset(of: Self.labels))
        scenario.expectNothingLeft()
    }

    @Test("early data has its secret in the log too")
    func earlySecret() throws {
        let scenario = Scenario()
        let (key, protection) = (try SessionTicketKey(), try ReplayProtection())
        scenario.serverTLS {
            $0.ticketKey = key
            $0.earlyData = protection
        }
        scenario.clientTLS.resumption = try scenario.earnTicket()
        scenario.clientTLS.sendsEarlyData = true
        scenario.clientTLS.logsKeys = true
        let (client, _) = try scenario.connect()
        #expect(client.keyLog.contains { $0.hasPrefix("CLIENT_EARLY_TRAFFIC_SECRET ") })
        // The random that names the connection is the client's: the server's is not known yet when this line is written.
        let randoms = Set(client.keyLog.compactMap { $0.split(separator: " ").dropFirst().first })
        #expect(randoms.count == 1)
        #expect(randoms.first?.contains { $0 != "0" } == true)
        scenario.expectNothingLeft()
    }

    @Test("nobody logs secrets unless told to")
    func off() throws {
        let scenario = Scenario()
        let (client, server) = try scenario.connect()
        #expect(client.keyLog == [])
        #expect(server.keyLog == [])
        scenario.expectNothingLeft()
    }
}

import QUICEngine
import QUICTestSupport
import Testing

@Suite("Retry and tokens")
struct RetryTests {
    private static let wallClock = EngineInstant(nanoseconds: 1_800_000_000_000_000_000)
    private static let key = [UInt8](repeating: 1, count: 32)
    private static let client = NetworkAddress(ipv4: (192, 0, 2, 1), port: 5_000)

    /// The first packet of a real client, with the token put in its place.
    private static func initial(token: [UInt8] = []) throws -> InitialPacket {
        let scenario = Scenario()
        var seen: InitialPacket?
        scenario.simulation.network.filter = { _, _, bytes in
            if seen == nil { seen = try? InitialPacket(bytes) }
            return .drop
        }
        let connection = try scenario.dial { $0.token = token }
        scenario.run { seen != nil }
        connection.engine?.abandon(now: scenario.now)
        scenario.expectNothingLeft()
        return try #require(seen)
    }

    @Test("a server that sends Retry accepts the client that comes again, a round trip later")
    func handshake() throws {
        let scenario = Scenario()
        scenario.server.listener?.sendsRetry = true
        let start = scenario.now
        let client = try scenario.dial()
        #expect(scenario.run { client.isConnected })
        #expect(scenario.now.duration(since: start) == .milliseconds(40))
        #expect(scenario.server.answers.retries == 1)
        let server = try #require(scenario.server.accepted.last)
        try client.open(sending: pattern(10_000))
        #expect(scenario.run { server.ended.count == 1 })
        #expect(client.engine?.handshake?.didRetry == true && server.engine?.handshake?.didRetry == true)
        scenario.expectNothingLeft()
    }

    @Test("Retry works in every version, and survives the loss of any single datagram", arguments: 0..<8)
    func survivesLoss(index: Int) throws {
        for version in EngineLibrary.versions {
            let scenario = Scenario()
            scenario.server.listener?.sendsRetry = true
            scenario.simulation.network.filter = { number, _, _ in number == index ? .drop : .deliver }
            _ = try scenario.connect { $0.version = version }
            scenario.expectNothingLeft()
        }
    }

    @Test("a Retry packet that was changed on the way is ignored")
    func forgedRetry() throws {
        let scenario = Scenario()
        scenario.server.listener?.sendsRetry = true
        let server = scenario.server.address
        scenario.simulation.network.filter = { _, path, bytes in
            guard path.local == server else { return .deliver }
            var changed = bytes.withUnsafeBytes { Array($0) }
            changed[changed.count - 1] ^= 1
            return .replace(changed)
        }
        let client = try scenario.dial()
        scenario.run(.seconds(2))
        #expect(!client.isConnected)
        #expect(scenario.server.accepted.isEmpty)
        #expect(scenario.server.answers.retries > 1)
        scenario.simulation.network.filter = nil
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        scenario.expectNothingLeft()
    }

    @Test("a client that comes again from another address gets nowhere with its token")
    func movedClient() throws {
        let scenario = Scenario()
        scenario.server.listener?.sendsRetry = true
        let client = try scenario.dial()
        scenario.run { scenario.server.answers.retries == 1 }
        // The client gets the Retry packet; what it sends with the token leaves only after the move.
        let address = scenario.client.address
        scenario.simulation.network.filter = { _, path, _ in path.local == address ? .drop : .deliver }
        scenario.run(.milliseconds(50))
        scenario.simulation.network.rebind(address, to: NetworkAddress(ipv4: (10, 7, 7, 7), port: 7_000))
        scenario.simulation.network.filter = nil
        #expect(scenario.run { client.closeReason != nil })
        #expect(scenario.server.accepted.isEmpty)
        #expect(scenario.server.answers.retries == 1)
        // RFC 9000 §8.1.3: it is told so at once, and need not wait for its handshake timeout.
        #expect(client.closeReason?.code == .transport(0x0b))
        scenario.expectNothingLeft()
    }

    @Test("a retry token is good for the address, the IDs and the time that it was made for")
    func retryToken() throws {
        let keys = TokenKeys(current: Self.key)
        let first = try Self.initial()
        let source = try #require(ConnectionID(Array(11...18)))
        let token = keys.makeRetryToken(for: first, from: Self.client, retrySource: source, now: Self.wallClock)
        #expect(!token.isEmpty)
        let second = try Self.second(after: first, to: source, token: token)
        func verdict(from address: NetworkAddress = Self.client, after wait: Duration = .seconds(1))
            -> TokenKeys.RetryVerdict
        {
            keys.checkRetryToken(of: second, from: address, now: Self.wallClock.advanced(by: wait))
        }
        #expect(verdict() == .valid(originalDestination: first.destination))
        #expect(verdict(after: .seconds(9)) == .valid(originalDestination: first.destination))
        #expect(verdict(after: .seconds(11)) == .invalid)
        #expect(verdict(from: Self.client.withPort(5_001)) == .invalid)
        #expect(verdict(from: NetworkAddress(ipv4: (192, 0, 2, 2), port: 5_000)) == .invalid)
        #expect(verdict(from: NetworkAddress(ipv6: 0, 1, port: 5_000)) == .invalid)
        let elsewhere = try Self.second(after: first, to: try #require(ConnectionID(Array(21...28))), token: token)
        #expect(keys.checkRetryToken(of: elsewhere, from: Self.client, now: Self.wallClock) == .invalid)
    }

    @Test("a retry token outlives one change of the key, not two")
    func rotatesRetryKeys() throws {
        var keys = TokenKeys(current: Self.key)
        let first = try Self.initial()
        let source = try #require(ConnectionID(Array(11...18)))
        let token = keys.makeRetryToken(for: first, from: Self.client, retrySource: source, now: Self.wallClock)
        let second = try Self.second(after: first, to: source, token: token)
        keys.rotate(to: [UInt8](repeating: 2, count: 32))
        #expect(
            keys.checkRetryToken(of: second, from: Self.client, now: Self.wallClock)
                == .valid(originalDestination: first.destination))
        keys.rotate(to: [UInt8](repeating: 3, count: 32))
        #expect(keys.checkRetryToken(of: second, from: Self.client, now: Self.wallClock) == .invalid)
        #expect(
            TokenKeys(current: [UInt8](repeating: 9, count: 32), previous: Self.key)
                .checkRetryToken(of: second, from: Self.client, now: Self.wallClock)
                == .valid(originalDestination: first.destination))
    }

    @Test("an address token is good for a host on any port, for its time and two keys")
    func addressToken() {
        var keys = TokenKeys(current: Self.key)
        let token = keys.makeAddressToken(for: Self.client, now: Self.wallClock)
        func isGood(from address: NetworkAddress = Self.client, after wait: Duration = .seconds(1)) -> Bool {
            keys.checkAddressToken(token, from: address, now: Self.wallClock.advanced(by: wait))
        }
        #expect(isGood())
        #expect(isGood(from: Self.client.withPort(9)))
        #expect(isGood(after: .seconds(7 * 86_400 - 1)))
        #expect(!isGood(after: .seconds(7 * 86_400 + 1)))
        #expect(!isGood(from: NetworkAddress(ipv4: (192, 0, 2, 2), port: 5_000)))
        keys.rotate(to: [UInt8](repeating: 2, count: 32))
        #expect(isGood())
        keys.addressLifetime = .seconds(60)
        #expect(isGood(after: .seconds(59)))
        #expect(!isGood(after: .seconds(61)))
        keys.rotate(to: [UInt8](repeating: 3, count: 32))
        #expect(!isGood())
    }

    @Test("an IPv6 host's token is its own")
    func addressTokenIPv6() {
        let keys = TokenKeys(current: Self.key)
        let host = NetworkAddress(ipv6: 0x2001_0db8_0000_0000, 1, port: 443)
        let token = keys.makeAddressToken(for: host, now: Self.wallClock)
        #expect(keys.checkAddressToken(token, from: host.withPort(444), now: Self.wallClock))
        let neighbour = NetworkAddress(ipv6: 0x2001_0db8_0000_0000, 2, port: 443)
        #expect(!keys.checkAddressToken(token, from: neighbour, now: Self.wallClock))
    }

    @Test("tokens of one kind are not taken for the other, and damaged ones for none")
    func kindsOfTokens() throws {
        let keys = TokenKeys(current: Self.key)
        let address = keys.makeAddressToken(for: Self.client, now: Self.wallClock)
        let first = try Self.initial()
        let source = try #require(ConnectionID(Array(11...18)))
        let retry = keys.makeRetryToken(for: first, from: Self.client, retrySource: source, now: Self.wallClock)
        #expect(!keys.checkAddressToken(retry, from: Self.client, now: Self.wallClock))
        #expect(!keys.checkAddressToken([], from: Self.client, now: Self.wallClock))
        let misled = try Self.second(after: first, to: source, token: address)
        #expect(keys.checkRetryToken(of: misled, from: Self.client, now: Self.wallClock) == .unknown)
        for index in [0, 1, address.count / 2, address.count - 1] {
            var damaged = address
            damaged[index] ^= 0x10
            #expect(!keys.checkAddressToken(damaged, from: Self.client, now: Self.wallClock))
            #expect(!keys.checkAddressToken(Array(address.prefix(index)), from: Self.client, now: Self.wallClock))
        }
        for index in [0, 1, retry.count / 2, retry.count - 1] {
            var damaged = retry
            damaged[index] ^= 0x10
            let packet = try Self.second(after: first, to: source, token: damaged)
            // The first byte says what kind of token it is.
            let expected: TokenKeys.RetryVerdict = index == 0 ? .unknown : .invalid
            #expect(keys.checkRetryToken(of: packet, from: Self.client, now: Self.wallClock) == expected)
        }
    }

    @Test("a token of the first visit spares the Retry of the second, from another port")
    func addressTokenSparesRetry() throws {
        let scenario = Scenario()
        scenario.server.listener?.sendsRetry = true
        let (first, _) = try scenario.connect()
        #expect(scenario.run(.seconds(1)) { first.addressToken != nil })
        let token = try #require(first.addressToken)
        let other = scenario.simulation.addEndpoint(scenario.client.address.withPort(50_001))
        let second = try other.connect(to: scenario.server.address, tls: scenario.clientTLS) { $0.token = token }
        #expect(scenario.run { second.saw(.handshakeConfirmed) })
        #expect(scenario.server.answers.retries == 1)
        scenario.expectNothingLeft()
    }

    @Test("a token that another host was given is no good: Retry it is")
    func addressTokenOfAnother() throws {
        let scenario = Scenario()
        scenario.server.listener?.sendsRetry = true
        let (first, _) = try scenario.connect()
        #expect(scenario.run(.seconds(1)) { first.addressToken != nil })
        let token = try #require(first.addressToken)
        let thief = scenario.simulation.addEndpoint(port: 50_000)
        let second = try thief.connect(to: scenario.server.address, tls: scenario.clientTLS) { $0.token = token }
        #expect(scenario.run { second.saw(.handshakeConfirmed) })
        #expect(scenario.server.answers.retries == 2)
        scenario.expectNothingLeft()
    }

    @Test("a server gives tokens only where it is told how to make them")
    func noTokens() throws {
        let scenario = Scenario()
        scenario.server.listener?.givesTokens = false
        let (client, _) = try scenario.connect()
        scenario.run(.seconds(1))
        #expect(client.addressToken == nil)
        scenario.expectNothingLeft()
    }

    @Test("a token that proves the address lifts the limit on what the server may send before the handshake")
    func amplification() throws {
        // A chain of more than three times what the client sends.
        let identity = try Scenario.identities.identity(for: ["server.test"]) {
            $0.extensions = [
                .init(identifier: "1.2.3.4", value: [4, 0x82, 0x20, 0] + pattern(8_192), isCritical: false)
            ]
        }
        var durations: [Duration] = []
        var token: [UInt8] = []
        for _ in 0..<2 {
            let scenario = Scenario()
            scenario.serverTLS { $0.identities = ServerIdentities(default: identity) }
            let start = scenario.now
            let client = try scenario.dial { $0.token = token }
            #expect(scenario.run { client.isConnected })
            durations.append(scenario.now.duration(since: start))
            #expect(scenario.run(.seconds(2)) { client.addressToken != nil })
            token = try #require(client.addressToken)
            scenario.expectNothingLeft()
        }
        #expect(durations[0] > .milliseconds(20))
        #expect(durations[1] == .milliseconds(20))
    }

    /// The packet that a client sends after Retry: addressed to the ID of the Retry packet, with its token.
    private static func second(after first: InitialPacket, to destination: ConnectionID, token: [UInt8]) throws
        -> InitialPacket
    {
        let count = token.count
        var bytes: [UInt8] = [0xc0, 0, 0, 0, 1, UInt8(destination.count)] + destination.bytes
        bytes += [UInt8(first.source.count)] + first.source.bytes
        bytes += [0x40 | UInt8(count >> 8), UInt8(count & 0xff)] + token
        let rest = 1_200 - bytes.count - 2
        bytes += [0x40 | UInt8(rest >> 8), UInt8(rest & 0xff)] + Array(repeating: 0, count: rest)
        return try InitialPacket(bytes.span.bytes)
    }
}

import QUICEngine
import QUICTestSupport
import Testing

@Suite("Packets without a connection")
struct StatelessPacketTests {
    private static let destination = [UInt8](1...8)
    private static let source = [UInt8](11...15)

    private static func long(version: [UInt8], destination: [UInt8] = destination, source: [UInt8] = source) -> [UInt8]
    {
        [0xc0] + version + [UInt8(destination.count)] + destination + [UInt8(source.count)] + source
            + Array(repeating: 0, count: 1_200)
    }

    private static func header(_ bytes: [UInt8], localIDLength: Int = 8) -> StatelessPacket.Header? {
        StatelessPacket.header(of: bytes.span.bytes, localIDLength: localIDLength)
    }

    @Test("a short header is read up to the length of our IDs", arguments: [0, 4, 8, 20])
    func shortHeader(length: Int) throws {
        let id = [UInt8](0..<UInt8(length))
        let expected = try #require(ConnectionID(id))
        #expect(Self.header([0x40] + id, localIDLength: length) == .short(destination: expected))
        #expect(Self.header([0x40] + id + [1, 2, 3], localIDLength: length) == .short(destination: expected))
        // RFC 9287: the fixed bit may be anything.
        #expect(Self.header([0x00] + id, localIDLength: length) == .short(destination: expected))
        if length > 0 { #expect(Self.header([0x40] + id.dropLast(), localIDLength: length) == nil) }
    }

    @Test("a long header tells the version and both IDs")
    func longHeader() throws {
        let (destination, source) = (
            try #require(ConnectionID(Self.destination)), try #require(ConnectionID(Self.source))
        )
        for version in EngineLibrary.versions {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: version.rawValue >> UInt32(24 - 8 * $0)) }
            #expect(
                Self.header(Self.long(version: bytes))
                    == .long(version: version, destination: destination, source: source))
        }
    }

    @Test(
        "a version that nobody here speaks is told apart, and its IDs may be longer than ours", arguments: [5, 20, 40])
    func unknownVersion(length: Int) {
        let destination = [UInt8](repeating: 7, count: length)
        for version in [[0x1a, 0x2a, 0x3a, 0x4a], [0xff, 0, 0, 0x1d], [0x70, 0x9a, 0x50, 0xc4]] as [[UInt8]]
        where length <= 20 || version[0] == 0x1a {
            #expect(
                Self.header(Self.long(version: version, destination: destination))
                    == .unknownVersion(destination: destination, source: Self.source))
        }
    }

    @Test("what is cut off or too long is no QUIC")
    func garbage() {
        #expect(Self.header([]) == nil)
        let whole = Self.long(version: [0, 0, 0, 1])
        for count in 1..<20 { #expect(Self.header(Array(whole.prefix(count))) == nil, "\(count) bytes") }
        #expect(Self.header(Self.long(version: [0, 0, 0, 1], destination: Array(repeating: 1, count: 21))) == nil)
        #expect(Self.header(Self.long(version: [0, 0, 0, 1], source: Array(repeating: 1, count: 21))) == nil)
    }

    @Test("random bytes are read without a trap")
    func noise() {
        let random = SeededRandomness(seed: 5)
        for _ in 0..<20_000 {
            let count = Int(random.next() % 64)
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            _ = Self.header(bytes, localIDLength: Int(random.next() % 21))
            _ = try? InitialPacket(bytes.span.bytes)
        }
    }

    @Test("only a datagram of 1200 bytes or more opens a connection")
    func initialPackets() throws {
        let scenario = Scenario()
        var first: [UInt8] = []
        scenario.simulation.network.filter = { _, _, bytes in
            if first.isEmpty { first = bytes.withUnsafeBytes { Array($0) } }
            return .drop
        }
        let client = try scenario.dial()
        scenario.run { !first.isEmpty }
        client.engine?.abandon(now: scenario.now)
        let initial = try InitialPacket(first.span.bytes)
        #expect(initial.token == [])
        #expect(initial.version == .version1)
        #expect(initial.destination.count == 16)
        #expect(initial.source.count == 8)
        for bytes in [[], Array(first.prefix(1_199)), Array(first.dropFirst()), [0x40] + first.dropFirst()] {
            let error = #expect(throws: EngineError.self) { try InitialPacket(bytes.span.bytes) }
            #expect(error?.code == .notAnInitialPacket)
        }
        scenario.expectNothingLeft()
    }

    @Test("Version Negotiation offers what we speak and something that nobody does")
    func versionNegotiation() {
        let random = SeededRandomness(seed: 3)
        let packet = StatelessPacket.versionNegotiation(
            destination: Self.destination, source: Self.source, versions: [.version1, QUICVersion(0x0102_0304)],
            random: random)
        #expect(packet[0] & 0x80 == 0x80)
        #expect(Array(packet[1..<5]) == [0, 0, 0, 0])
        // The IDs change places.
        #expect(Array(packet[5...].prefix(15)) == [5] + Self.source + [8] + Self.destination)
        let versions = Array(packet.dropFirst(20))
        #expect(versions.count == 12)
        #expect(versions[..<4].allSatisfy { $0 & 0x0f == 0x0a })
        #expect(Array(versions[4...]) == [0, 0, 0, 1, 1, 2, 3, 4])
    }

    @Test("a refusal ends the client's attempt at once, with its code and its reason")
    func refusal() throws {
        let scenario = Scenario()
        let (server, network) = (scenario.server.address, scenario.simulation.network)
        let reason = "x" + String(repeating: "ü", count: 200)
        network.filter = { _, path, bytes in
            guard path.remote == server, let initial = try? InitialPacket(bytes) else { return .deliver }
            network.send(StatelessPacket.refusal(of: initial, reason: reason), path: path.reversed)
            return .drop
        }
        for version in EngineLibrary.versions {
            let start = scenario.now
            let client = try scenario.dial { $0.version = version }
            #expect(scenario.run(.seconds(1)) { client.closeReason != nil })
            #expect(scenario.now.duration(since: start) <= .milliseconds(20))
            #expect(client.closeReason?.closedBy == .peer)
            #expect(client.closeReason?.code == .transport(2))
            #expect(client.closeReason?.description.contains("connection refused") == true)
            // Cut to fit, and at a character.
            #expect(client.closeReason?.reason == "x" + String(repeating: "ü", count: 127))
        }
        scenario.expectNothingLeft()
    }

    @Test("a refusal's code is brought below 2^62")
    func refusalCode() throws {
        let scenario = Scenario()
        let (server, network) = (scenario.server.address, scenario.simulation.network)
        network.filter = { _, path, bytes in
            guard path.remote == server, let initial = try? InitialPacket(bytes) else { return .deliver }
            network.send(StatelessPacket.refusal(of: initial, code: .max), path: path.reversed)
            return .drop
        }
        let client = try scenario.dial()
        #expect(scenario.run(.seconds(1)) { client.closeReason != nil })
        #expect(client.closeReason?.code == .transport(1 << 62 - 1))
        scenario.expectNothingLeft()
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Engine configuration")
struct EngineConfigurationTests {
    typealias Change = @Sendable (inout EngineConfiguration) -> Void

    /// A name that the message must contain, and a change that must be refused.
    static let refused: [(String, Change)] = [
        ("idleTimeout", { $0.idleTimeout = .zero }),
        ("idleTimeout", { $0.idleTimeout = .seconds(-1) }),
        ("handshakeTimeout", { $0.handshakeTimeout = .zero }),
        ("keepAlive", { $0.keepAlive = .zero }),
        ("initialRTT", { $0.initialRTT = .zero }),
        ("maximumAcknowledgementDelay", { $0.maximumAcknowledgementDelay = .milliseconds(16_384) }),
        ("acknowledgementThreshold", { $0.acknowledgementThreshold = 0 }),
        ("activeConnectionIDLimit", { $0.migration.activeConnectionIDLimit = 1 }),
        ("activeConnectionIDLimit", { $0.migration.activeConnectionIDLimit = 9 }),
        ("packets.maximumSent", { $0.packets.maximumSent = 1_199 }),
        ("packets.maximumSent", { $0.packets.maximumSent = 65_528 }),
        ("packets.maximumReceived", { $0.packets.maximumReceived = 1_199 }),
        ("packets.maximumReceived", { $0.packets.maximumReceived = 65_528 }),
        ("packets.mtuProbes", { $0.packets.mtuProbes = [1_300, 1_199] }),
        ("packets.mtuProbes", { $0.packets.mtuProbes = [65_528] }),
        ("windows", { $0.flowControl.connectionWindow = 1 << 62 }),
        ("windows", { $0.flowControl.streamWindow = 1 << 62 }),
        ("windows", { $0.flowControl.maximumConnectionWindow = 1 << 62 }),
        ("windows", { $0.flowControl.maximumStreamWindow = 1 << 62 }),
        ("flowControl.sendBuffer", { $0.flowControl.sendBuffer = 0 }),
        ("stream limits", { $0.streams.bidirectional = 1 << 60 + 1 }),
        ("stream limits", { $0.streams.unidirectional = 1 << 60 + 1 }),
        ("datagrams.maximumFrameSize", { $0.datagrams.maximumFrameSize = 65_536 }),
        ("versions", { $0.versions = [] }),
        ("versions", { $0.versions = [QUICVersion(0xff00_001d)] }),
    ]

    @Test("a value outside its range is refused by name, at both ends", arguments: refused.indices)
    func refusal(index: Int) throws {
        let (name, change) = Self.refused[index]
        let scenario = Scenario()
        change(&scenario.clientConfiguration)
        let error = #expect(throws: EngineError.self) { try scenario.dial() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
        // The server's end: the same check, and nobody is accepted.
        let other = Scenario()
        other.server.listener?.configuration = .defaults(configure: change)
        let client = try other.dial()
        other.run(.seconds(1))
        #expect(other.server.accepted.isEmpty)
        #expect(client.phase == .handshaking)
        scenario.expectNothingLeft()
        other.expectNothingLeft()
    }

    /// Values at the ends of their ranges.
    static let extremes: [Change] = [
        { $0.packets.maximumSent = 1_200 },
        { $0.packets.maximumSent = 65_527 },
        { $0.packets.maximumReceived = 1_200 },
        { $0.migration.activeConnectionIDLimit = 2 },
        { $0.migration.activeConnectionIDLimit = 8 },
        { $0.maximumAcknowledgementDelay = .milliseconds(16_383) },
        { $0.maximumAcknowledgementDelay = .zero },
        { $0.flowControl.connectionWindow = 1 << 62 - 1 },
        { $0.flowControl.streamWindow = 1 << 62 - 1 },
        { $0.flowControl.maximumConnectionWindow = 0 },
        { $0.flowControl.maximumStreamWindow = 0 },
        { $0.flowControl.sendBuffer = 1 },
        { $0.streams.bidirectional = 1 << 60 },
        { $0.streams.unidirectional = 1 << 60 },
        { $0.datagrams.maximumFrameSize = 65_535 },
        { $0.versions = [.version1] },
        { $0.idleTimeout = .seconds(Int64.max) },
        { $0.handshakeTimeout = .seconds(Int64.max) },
        { $0.acknowledgementThreshold = 1_000 },
        { $0.greasesQUICBit = true },
        { $0.streams.starvationBound = 1 },
    ]

    @Test("a value at the end of its range works, at both ends", arguments: extremes.indices)
    func extreme(index: Int) throws {
        let change = Self.extremes[index]
        let scenario = Scenario()
        change(&scenario.clientConfiguration)
        scenario.serverConfiguration(change)
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(300))
        #expect(scenario.run(.seconds(60)) { server.ended.count == 1 })
        #expect(server.received.values.first == pattern(300))
        scenario.expectNothingLeft()
    }

    @Test("the defaults are valid, and changed only where the closure changes them")
    func defaults() throws {
        let configuration = EngineConfiguration.defaults { $0.idleTimeout = .seconds(60) }
        #expect(configuration.idleTimeout == .seconds(60))
        #expect(configuration.handshakeTimeout == EngineConfiguration.defaults().handshakeTimeout)
        #expect(configuration.congestionControl == .cubic)
        #expect(configuration.datagrams.maximumFrameSize == 0)
        _ = try SettingsMapping(configuration, now: EngineInstant(nanoseconds: 1))
    }
}

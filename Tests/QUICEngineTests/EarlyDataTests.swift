import Foundation
import QUICEngine
import QUICTestSupport
import Synchronization
import Testing

@Suite("0-RTT")
struct EarlyDataTests {
    /// A server that accepts 0-RTT, and a client that has a ticket for it.
    private static func scenario(datagrams: Bool = false, protection: ReplayProtection? = nil) throws -> Scenario {
        let scenario = Scenario()
        let (key, protection) = (try SessionTicketKey(), try protection ?? ReplayProtection())
        scenario.serverTLS {
            $0.ticketKey = key
            $0.earlyData = protection
        }
        if datagrams {
            scenario.clientConfiguration.datagrams.maximumFrameSize = 65_535
            scenario.serverConfiguration { $0.datagrams.maximumFrameSize = 65_535 }
        }
        let ticket = try scenario.earnTicket()
        try #require(ticket.allowsEarlyData, "the ticket allows no 0-RTT")
        scenario.clientTLS.resumption = ResumptionTicket(ticket.bytes)
        scenario.clientTLS.sendsEarlyData = true
        return scenario
    }

    @Test("data sent at once is there after half a round trip, before the handshake is complete")
    func accepted() throws {
        let scenario = try Self.scenario()
        let start = scenario.now
        let client = try scenario.dial()
        let id = try client.open(sending: pattern(800))
        #expect(scenario.run { scenario.server.accepted.last?.ended.contains(id) == true })
        let server = try #require(scenario.server.accepted.last)
        #expect(scenario.now.duration(since: start) == .milliseconds(10))
        #expect(server.received[id] == pattern(800))
        #expect(server.openedEarly(id) == true)
        #expect(!server.isConnected)
        #expect(!client.isConnected)

        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        #expect(client.engine?.handshake?.acceptedEarlyData == true)
        #expect(client.engine?.handshake?.isResumed == true)
        #expect(server.engine?.handshake?.acceptedEarlyData == true)
        #expect(client.rejectedStreams == nil)
        scenario.expectNothingLeft()
    }

    @Test("more than fits the first flight arrives whole, and later streams are not early")
    func muchData() throws {
        let scenario = try Self.scenario()
        let client = try scenario.dial()
        let first = try client.open(sending: pattern(200_000))
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        let second = try client.open(sending: [1])
        let server = try #require(scenario.server.accepted.last)
        #expect(scenario.run { server.ended == [first, second] })
        #expect(server.received[first] == pattern(200_000))
        #expect(server.openedEarly(first) == true)
        #expect(server.openedEarly(second) == false)
        scenario.expectNothingLeft()
    }

    @Test("early data survives the loss of any single datagram", arguments: 0..<6)
    func survivesLoss(index: Int) throws {
        let scenario = try Self.scenario()
        let before = scenario.simulation.network.statistics.sent
        scenario.simulation.network.filter = { number, _, _ in number == before + index ? .drop : .deliver }
        let client = try scenario.dial()
        let id = try client.open(sending: pattern(5_000))
        #expect(scenario.run { scenario.server.accepted.last?.ended.contains(id) == true })
        #expect(scenario.server.accepted.last?.received[id] == pattern(5_000))
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        scenario.expectNothingLeft()
    }

    @Test("a server that has it off by now gives the streams back, and sending them again works")
    func rejected() throws {
        let scenario = try Self.scenario()
        scenario.serverTLS { $0.earlyData = nil }
        // Chunks that came back count as long as somebody holds them.
        do {
            let client = try scenario.dial()
            let finished = try client.open(
                sending: pattern(3_000), priority: StreamPriority(urgency: 1, isIncremental: true))
            let unfinished = try client.open(.unidirectional, sending: pattern(500), finish: false)
            #expect(scenario.run { client.isConnected })
            #expect(client.engine?.handshake?.acceptedEarlyData == false)
            #expect(client.engine?.handshake?.isResumed == true)

            let streams = try #require(client.rejectedStreams)
            #expect(streams.map(\.id) == [finished, unfinished])
            #expect(streams.map { $0.chunks.flatMap(\.bytes) } == [pattern(3_000), pattern(500)])
            #expect(streams.map(\.isFinished) == [true, false])
            #expect(client.saw(.earlyDataRejected(streams)))
            #expect(!client.saw(.earlyDataRejected(streams.reversed())))
            #expect(streams.map(\.priority) == [StreamPriority(urgency: 1, isIncremental: true), .normal])

            let again = try client.open(sending: streams[0].chunks.flatMap(\.bytes))
            #expect(again == finished)
            let server = try #require(scenario.server.accepted.last)
            #expect(scenario.run { server.ended.contains(again) })
            #expect(server.received == [again: pattern(3_000)])
            #expect(server.openedEarly(again) == false)
        }
        scenario.expectNothingLeft()
    }

    @Test("chunks that came back go out again as they are")
    func resendsChunks() throws {
        let scenario = try Self.scenario()
        scenario.serverTLS { $0.earlyData = nil }
        // Chunks that came back count as long as somebody holds them.
        do {
            let client = try scenario.dial()
            try client.open(sending: pattern(40_000))
            #expect(scenario.run { client.isConnected })
            let stream = try #require(client.rejectedStreams?.first)
            let engine = try #require(client.engine)
            let id = try engine.openStream(.bidirectional)
            for chunk in stream.chunks { #expect(try engine.write(chunk, to: id)) }
            try engine.finish(id)
            let server = try #require(scenario.server.accepted.last)
            #expect(scenario.run { server.ended.contains(id) })
            #expect(server.received[id] == pattern(40_000))
        }
        scenario.expectNothingLeft()
    }

    @Test("a server with another ticket key refuses early data along with the ticket")
    func rejectedWithTicket() throws {
        let scenario = try Self.scenario()
        let otherKey = try SessionTicketKey()
        scenario.serverTLS { $0.ticketKey = otherKey }
        // Chunks that came back count as long as somebody holds them.
        do {
            let client = try scenario.dial()
            try client.open(sending: pattern(100))
            #expect(scenario.run { client.isConnected })
            #expect(client.engine?.handshake?.isResumed == false)
            #expect(client.rejectedStreams?.count == 1)
        }
        scenario.expectNothingLeft()
    }

    /// Each limit that RFC 9000 §7.4.1 and RFC 9221 §3 want kept.
    enum Limit: CaseIterable { case connection, stream, bidirectional, unidirectional, connectionIDs, datagrams }

    @Test(
        "a server that has lowered a limit since the ticket refuses what was sent under the old one",
        arguments: Limit.allCases)
    func loweredLimit(limit: Limit) throws {
        let scenario = try Self.scenario(datagrams: true)
        scenario.serverConfiguration {
            switch limit {
            case .connection: $0.flowControl.connectionWindow /= 2
            case .stream: $0.flowControl.streamWindow /= 2
            case .bidirectional: $0.streams.bidirectional -= 1
            case .unidirectional: $0.streams.unidirectional -= 1
            case .connectionIDs: $0.migration.activeConnectionIDLimit -= 1
            case .datagrams: $0.datagrams.maximumFrameSize -= 1
            }
        }
        do {
            let client = try scenario.dial()
            let id = try client.open(sending: pattern(3_000))
            #expect(scenario.run { client.saw(.handshakeConfirmed) }, "\(client.events)")
            #expect(client.engine?.handshake?.acceptedEarlyData == false)
            let streams = try #require(client.rejectedStreams)
            #expect(streams.map(\.id) == [id])
        }
        scenario.expectNothingLeft()
    }

    @Test("a server whose limits are the same, or that has changed what is none of them, accepts")
    func otherChange() throws {
        let scenario = try Self.scenario()
        scenario.serverConfiguration { $0.idleTimeout = .seconds(7) }
        let client = try scenario.dial()
        try client.open(sending: pattern(3_000))
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        #expect(client.engine?.handshake?.acceptedEarlyData == true)
        scenario.expectNothingLeft()
    }

    /// What two servers have in common that guard against replays.
    enum Common: CaseIterable { case protection, memory, memoryAfterRestart, nothing, nothingAfterRestart }

    @Test("a copy of the first flight is refused by every server that shares the memory", arguments: Common.allCases)
    func replay(common: Common) throws {
        // Made before the ticket: GnuTLS refuses tickets that are older than the protection.
        let memory = ProcessReplayMemory()
        let protection = try ReplayProtection(memory: memory)
        let other =
            switch common {
            case .protection: protection
            case .memory: try ReplayProtection(memory: memory)
            case .nothing: try ReplayProtection()
            case .memoryAfterRestart, .nothingAfterRestart: nil as ReplayProtection?
            }
        let scenario = try Self.scenario(protection: protection)
        let sibling = scenario.simulation.addEndpoint()
        sibling.listener = scenario.server.listener
        sibling.listener?.tls.earlyData = other

        // The attacker copies what the client sends before it has heard anything.
        let flight = Mutex<[[UInt8]]>([])
        let clientAddress = scenario.client.address
        scenario.simulation.network.filter = { _, path, bytes in
            if path.local == clientAddress { flight.withLock { $0.append(bytes.withUnsafeBytes { Array($0) }) } }
            return .deliver
        }
        let client = try scenario.dial()
        let id = try client.open(sending: pattern(600))
        #expect(scenario.run { scenario.server.accepted.last?.ended.contains(id) == true })
        let recorded = flight.withLock { $0 }
        scenario.simulation.network.filter = nil
        switch common {
        case .memoryAfterRestart:
            sibling.listener?.tls.earlyData = try ReplayProtection(memory: memory, memorySurvivesRestart: true)
        case .nothingAfterRestart:
            sibling.listener?.tls.earlyData = try ReplayProtection(memorySurvivesRestart: true)
        case .protection, .memory, .nothing: break
        }

        let attacker = NetworkAddress(ipv4: (10, 9, 9, 9), port: 6_666)
        for datagram in recorded {
            scenario.simulation.network.send(datagram, path: NetworkPath(local: attacker, remote: sibling.address))
        }
        scenario.run(.seconds(1))
        let victim = try #require(sibling.accepted.last)
        // The memory is what makes the difference: without it the copy would have been believed.
        let remembers = common != .nothing && common != .nothingAfterRestart
        #expect(victim.received[id] == (remembers ? nil : pattern(600)))
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        scenario.expectNothingLeft()
    }

    @Test("a ticket from before the server's start is refused 0-RTT and resumes all the same")
    func olderThanServer() throws {
        let scenario = try Self.scenario()
        let restarted = try ReplayProtection()
        scenario.serverTLS { $0.earlyData = restarted }
        // Chunks that came back count as long as somebody holds them.
        do {
            let client = try scenario.dial()
            try client.open(sending: [1])
            #expect(scenario.run { client.isConnected })
            #expect(client.engine?.handshake?.isResumed == true)
            #expect(client.engine?.handshake?.acceptedEarlyData == false)
            #expect(client.rejectedStreams?.count == 1)
        }
        scenario.expectNothingLeft()
    }

    @Test("a server whose memory survives a restart accepts tickets from before it, again and again")
    func memorySurvivesRestart() throws {
        let memory = ProcessReplayMemory()
        let scenario = try Self.scenario(protection: try ReplayProtection(memory: memory))
        for _ in 0..<3 {
            let restarted = try ReplayProtection(memory: memory, memorySurvivesRestart: true)
            #expect(restarted.memorySurvivesRestart)
            scenario.serverTLS { $0.earlyData = restarted }
            let client = try scenario.dial()
            let id = try client.open(sending: pattern(300))
            #expect(scenario.run { client.saw(.handshakeConfirmed) })
            #expect(client.engine?.handshake?.acceptedEarlyData == true)
            let server = try #require(scenario.server.accepted.last)
            #expect(server.received[id] == pattern(300))
            #expect(server.openedEarly(id) == true)
        }
        scenario.expectNothingLeft()
    }

    @Test("a ticket from before the memory began is refused 0-RTT", arguments: [-60, 60] as [Int64])
    func olderThanMemory(offset: Int64) throws {
        let scenario = try Self.scenario()
        let memory = Beginning(completeSince: Int64(Date().timeIntervalSince1970) + offset)
        let restarted = try ReplayProtection(memory: memory, memorySurvivesRestart: true)
        scenario.serverTLS { $0.earlyData = restarted }
        // Chunks that came back count as long as somebody holds them.
        do {
            let client = try scenario.dial()
            try client.open(sending: [1])
            #expect(scenario.run { client.isConnected })
            #expect(client.engine?.handshake?.isResumed == true)
            #expect(client.engine?.handshake?.acceptedEarlyData == (offset < 0))
        }
        scenario.expectNothingLeft()
    }

    @Test("a memory that is in doubt costs a round trip and nothing else")
    func doubtfulMemory() throws {
        let scenario = try Self.scenario()
        let protection = try ReplayProtection(memory: Refusing())
        scenario.serverTLS { $0.earlyData = protection }
        // Chunks that came back count as long as somebody holds them.
        do {
            let client = try scenario.dial()
            try client.open(sending: [1])
            #expect(scenario.run { client.isConnected })
            #expect(client.rejectedStreams?.count == 1)
            #expect(client.engine?.handshake?.acceptedEarlyData == false)
        }
        scenario.expectNothingLeft()
    }

    @Test("a ticket that forbids it, and a client that does not want it, send nothing early", arguments: [true, false])
    func notOffered(wants: Bool) throws {
        let scenario = try Self.scenario()
        if wants {
            let protection = scenario.server.listener?.tls.earlyData
            scenario.serverTLS { $0.earlyData = nil }
            scenario.clientTLS.resumption = try scenario.earnTicket()
            #expect(scenario.clientTLS.resumption?.allowsEarlyData == false)
            scenario.serverTLS { $0.earlyData = protection }
        }
        scenario.clientTLS.sendsEarlyData = wants
        let client = try scenario.dial()
        #expect(throws: EngineError(.streamLimitReached, "")) { try client.open(sending: [1]) }
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        #expect(client.engine?.handshake?.isResumed == true)
        #expect(client.engine?.handshake?.acceptedEarlyData == false)
        #expect(client.rejectedStreams == nil)
        scenario.expectNothingLeft()
    }

    @Test("without a ticket nothing can be sent early")
    func noTicket() throws {
        let scenario = Scenario()
        scenario.clientTLS.sendsEarlyData = true
        let client = try scenario.dial()
        #expect(throws: EngineError(.streamLimitReached, "")) { try client.open(sending: [1]) }
        #expect(throws: EngineError(.datagramNotPossible, "")) { try client.engine?.sendDatagram([1]) }
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        scenario.expectNothingLeft()
    }

    @Test("the limits of the earlier connection bound early streams")
    func limits() throws {
        let scenario = Scenario()
        let (key, protection) = (try SessionTicketKey(), try ReplayProtection())
        scenario.serverTLS {
            $0.ticketKey = key
            $0.earlyData = protection
        }
        scenario.serverConfiguration {
            $0.streams.bidirectional = 2
            $0.flowControl.streamWindow = 300
        }
        scenario.clientTLS.resumption = try scenario.earnTicket()
        scenario.clientTLS.sendsEarlyData = true
        let client = try scenario.dial()
        #expect(client.engine?.streamsLeft(.bidirectional) == 2)
        let first = try client.open(sending: pattern(1_000))
        try client.open(sending: [2])
        #expect(throws: EngineError(.streamLimitReached, "")) { try client.open(sending: [3]) }
        // Nobody reads: what arrives is what the remembered window allows.
        scenario.server.listener?.onAccept = { $0.readsAutomatically = false }
        #expect(scenario.run(.milliseconds(10)) { scenario.server.accepted.last?.openedEarly(first) == true })
        let server = try #require(scenario.server.accepted.last)
        #expect(server.engine?.bytesReadable(on: first) == 300)
        scenario.expectNothingLeft()
    }

    @Test("nothing is sent early unless the ticket's application protocol is the one that is asked for first")
    func otherProtocolFirst() throws {
        let scenario = try Self.scenario()
        scenario.clientTLS.protocols = ["other", "test"]
        let client = try scenario.dial()
        #expect(throws: EngineError(.streamLimitReached, "")) { try client.open(sending: [1]) }
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        #expect(client.engine?.handshake?.isResumed == true)
        #expect(client.engine?.handshake?.acceptedEarlyData == false)
        #expect(client.engine?.handshake?.applicationProtocol == "test")
        scenario.expectNothingLeft()
    }

    @Test("a server of several application protocols takes early data for the one that the ticket is for")
    func severalProtocols() throws {
        let scenario = try Self.scenario()
        scenario.serverTLS { $0.protocols = ["other", "test"] }
        let client = try scenario.dial()
        let id = try client.open(sending: pattern(800))
        #expect(scenario.run { client.saw(.handshakeConfirmed) })
        #expect(client.engine?.handshake?.applicationProtocol == "test")
        #expect(client.engine?.handshake?.acceptedEarlyData == true)
        #expect(scenario.server.accepted.last?.received[id] == pattern(800))
        scenario.expectNothingLeft()
    }

    @Test("a client whose early data was taken for another application protocol's ends the connection")
    func protocolMixUp() throws {
        let scenario = try Self.scenario()
        scenario.serverTLS { $0.protocols = ["other"] }
        scenario.clientTLS.protocols = ["test", "other"]
        do {
            let client = try scenario.dial()
            try client.open(sending: pattern(100))
            scenario.run(.seconds(1))
            // GnuTLS takes it; a server that notices refuses it, and that is right as well.
            if client.rejectedStreams == nil {
                #expect(client.closeReason?.tlsAlert == .illegalParameter)
                #expect(client.closeReason?.reason.contains("of test for other") == true)
                #expect(!client.isConnected)
            }
        }
        scenario.expectNothingLeft()
    }

    @Test("datagrams go out early too, up to the size of the earlier connection")
    func datagrams() throws {
        let scenario = try Self.scenario(datagrams: true)
        let start = scenario.now
        let client = try scenario.dial()
        let limit = try #require(client.engine?.maximumDatagramSize)
        #expect(limit > 1_000)
        #expect(throws: EngineError(.datagramNotPossible, "")) {
            try client.engine?.sendDatagram(Array(repeating: 1, count: limit + 1))
        }
        try client.engine?.sendDatagram([7, 7])
        #expect(scenario.run { scenario.server.accepted.last?.receivedDatagrams.isEmpty == false })
        #expect(scenario.now.duration(since: start) == .milliseconds(10))
        let server = try #require(scenario.server.accepted.last)
        #expect(server.receivedDatagrams == [[7, 7]])
        #expect(!server.isConnected)
        scenario.expectNothingLeft()
    }

    private struct Beginning: ReplayMemory {
        let completeSince: Int64
        func insert(_ key: [UInt8], now: Int64, expiry: Int64) -> Bool { true }
    }

    private struct Refusing: ReplayMemory {
        func insert(_ key: [UInt8], now: Int64, expiry: Int64) -> Bool { false }
    }
}

import QUIC
import Testing

@testable import LibP2P

@Suite struct ResourceLedgerTests {
    private static let start = ContinuousClock.now

    private static func address(_ last: UInt8, _ third: UInt8 = 0) -> NetworkAddress {
        NetworkAddress(ipv4: (192, 0, third, last), port: 4_001)
    }

    /// Limits without a bound but one.
    private static func limits(_ path: WritableKeyPath<ResourceLimits, Int>, _ limit: Int) -> ResourceLimits {
        var limits = ResourceLimits.unlimited
        limits[keyPath: path] = limit
        return limits
    }

    /// One of the things that a limit counts: makes the n-th, and gives back what releases it.
    private typealias Use = @Sendable (inout ResourceLedger, Int) throws -> Release
    private typealias Release = (inout ResourceLedger) -> Void

    private struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        nonisolated(unsafe) let path: WritableKeyPath<ResourceLimits, Int>
        let use: Use
    }

    private static func waiting(_ direction: ConnectionDirection) -> Use {
        { ledger, _ in
            let ticket = try ledger.reserveConnection(direction, with: nil, now: start)
            return { $0.release(ticket) }
        }
    }

    private static func connection(_ direction: ConnectionDirection, samePeer: Bool = false) -> Use {
        { ledger, number in
            let ticket = try ledger.reserveConnection(direction, with: nil, now: start)
            do {
                try ledger.establish(ticket, as: .sample(samePeer ? 0 : number))
            } catch {
                ledger.release(ticket)
                throw error
            }
            return { $0.release(ticket) }
        }
    }

    private static func from(_ address: @escaping @Sendable (Int) -> NetworkAddress) -> Use {
        { ledger, number in
            let ticket = try ledger.reserveConnection(.inbound, with: address(number), now: start)
            return { $0.release(ticket) }
        }
    }

    private static func stream(
        _ direction: ConnectionDirection, samePeer: Bool = true, protocolID: ProtocolID? = nil
    ) -> Use {
        { ledger, number in
            let connection = try ledger.reserveConnection(.outbound, with: nil, now: start)
            try ledger.establish(connection, as: .sample(samePeer ? 0 : number))
            do {
                let ticket = try ledger.reserveStream(direction, on: connection)
                do {
                    if let protocolID { try ledger.assign(ticket, to: protocolID) }
                } catch {
                    ledger.release(ticket)
                    throw error
                }
                return {
                    $0.release(ticket)
                    $0.release(connection)
                }
            } catch {
                ledger.release(connection)
                throw error
            }
        }
    }

    private static func memory(_ bytes: Int, samePeer: Bool) -> Use {
        { ledger, number in
            let connection = try ledger.reserveConnection(.outbound, with: nil, now: start)
            try ledger.establish(connection, as: .sample(samePeer ? 0 : number))
            do {
                let ticket = try ledger.reserveMemory(bytes, for: connection)
                return {
                    $0.release(ticket)
                    $0.release(connection)
                }
            } catch {
                ledger.release(connection)
                throw error
            }
        }
    }

    private static let six: @Sendable (Int) -> NetworkAddress = {
        NetworkAddress(ipv6: 0x2001_0db8_0001_0200, UInt64($0), port: 1)
    }
    private static let site: @Sendable (Int) -> NetworkAddress = {
        NetworkAddress(ipv6: 0x2001_0db8_0001_0000 | UInt64($0 & 0xff) << 8, 1, port: 1)
    }

    private static let cases: [Case] = [
        Case(testDescription: "connections", path: \.connections, use: connection(.inbound)),
        Case(testDescription: "connections", path: \.connections, use: connection(.outbound)),
        Case(testDescription: "inboundConnections", path: \.inboundConnections, use: connection(.inbound)),
        Case(testDescription: "outboundConnections", path: \.outboundConnections, use: connection(.outbound)),
        Case(testDescription: "transientConnections", path: \.transientConnections, use: waiting(.inbound)),
        Case(
            testDescription: "inboundTransientConnections", path: \.inboundTransientConnections, use: waiting(.inbound)),
        Case(
            testDescription: "outboundTransientConnections", path: \.outboundTransientConnections,
            use: waiting(.outbound)),
        Case(
            testDescription: "connectionsPerPeer", path: \.connectionsPerPeer,
            use: connection(.inbound, samePeer: true)),
        Case(testDescription: "streams", path: \.streams, use: stream(.inbound)),
        Case(testDescription: "inboundStreams", path: \.inboundStreams, use: stream(.inbound)),
        Case(testDescription: "outboundStreams", path: \.outboundStreams, use: stream(.outbound)),
        Case(testDescription: "transientStreams", path: \.transientStreams, use: stream(.outbound)),
        Case(testDescription: "inboundTransientStreams", path: \.inboundTransientStreams, use: stream(.inbound)),
        Case(testDescription: "outboundTransientStreams", path: \.outboundTransientStreams, use: stream(.outbound)),
        Case(testDescription: "streamsPerPeer", path: \.streamsPerPeer, use: stream(.outbound)),
        Case(testDescription: "inboundStreamsPerPeer", path: \.inboundStreamsPerPeer, use: stream(.inbound)),
        Case(testDescription: "transientStreamsPerPeer", path: \.transientStreamsPerPeer, use: stream(.inbound)),
        Case(
            testDescription: "streamsPerProtocol", path: \.streamsPerProtocol,
            use: stream(.inbound, samePeer: false, protocolID: "/echo/1.0.0")),
        Case(
            testDescription: "streamsPerProtocolAndPeer", path: \.streamsPerProtocolAndPeer,
            use: stream(.inbound, protocolID: "/echo/1.0.0")),
        Case(testDescription: "memory", path: \.memory, use: memory(1, samePeer: false)),
        Case(testDescription: "memoryPerPeer", path: \.memoryPerPeer, use: memory(1, samePeer: true)),
        Case(
            testDescription: "connectionsPerIPv4Address", path: \.connectionsPerIPv4Address,
            use: from { _ in address(1) }),
        Case(
            testDescription: "connectionsPerIPv4Network", path: \.connectionsPerIPv4Network,
            use: from { address(UInt8($0)) }),
        Case(testDescription: "connectionsPerIPv6Customer", path: \.connectionsPerIPv6Customer, use: from(six)),
        Case(testDescription: "connectionsPerIPv6Site", path: \.connectionsPerIPv6Site, use: from(site)),
    ]

    @Test("Each limit lets in exactly its number, and the refusal has its name and its number", arguments: cases)
    private func everyLimit(_ example: Case) throws {
        for limit in [0, 1, 7] {
            var ledger = ResourceLedger(Self.limits(example.path, limit))
            var releases: [Release] = []
            for number in 0..<limit { releases.append(try example.use(&ledger, number)) }
            let full = ledger.usage
            for _ in 0..<3 {
                let error = #expect(throws: LibP2PError.self) { try example.use(&ledger, limit) }
                #expect(error?.code == .limitReached)
                #expect(error?.limit == example.testDescription)
                #expect(error?.description.contains("\(limit)") == true)
            }
            // What was refused leaves nothing behind, and room that is given back is room.
            #expect(ledger.usage == full)
            if let release = releases.popLast() {
                release(&ledger)
                releases.append(try example.use(&ledger, limit))
            }
            for release in releases { release(&ledger) }
            #expect(ledger.usage == ResourceUsage())
        }
    }

    @Test("Every limit that is a number has a case above")
    func allCovered() {
        let names = Set(Mirror(reflecting: ResourceLimits()).children.filter { $0.value is Int }.compactMap(\.label))
        let tested = Set(Self.cases.map(\.testDescription) + ["inboundConnectionBurst", "trackedSources"])
        #expect(names == tested)
    }

    @Test("A limit of another direction, peer, protocol or address does not refuse")
    func otherRoom() throws {
        var limits = ResourceLimits.unlimited
        limits.inboundConnections = 0
        limits.streamsPerProtocolAndPeer = 1
        limits.connectionsPerPeer = 1
        var ledger = ResourceLedger(limits)
        let one = try ledger.reserveConnection(.outbound, with: Self.address(1), now: Self.start)
        let two = try ledger.reserveConnection(.outbound, with: Self.address(1), now: Self.start)
        try ledger.establish(one, as: .sample(1))
        try ledger.establish(two, as: .sample(2))
        for connection in [one, two] {
            for name in ["/a", "/b"] as [ProtocolID] {
                try ledger.assign(try ledger.reserveStream(.inbound, on: connection), to: name)
            }
        }
        #expect(ledger.usage.streams.all == 4)
        #expect(ledger.usage.transientStreams.all == 0)
    }

    @Test("Giving a ticket back twice changes nothing, and what is over takes no streams")
    func twice() throws {
        var ledger = ResourceLedger(.unlimited)
        let connection = try ledger.reserveConnection(.inbound, with: Self.address(1), now: Self.start)
        let early = #expect(throws: LibP2PError.self) { try ledger.reserveStream(.inbound, on: connection) }
        #expect(early?.code == .closed)
        try ledger.establish(connection, as: .sample(1))
        try ledger.establish(connection, as: .sample(2))
        let stream = try ledger.reserveStream(.inbound, on: connection)
        try ledger.assign(stream, to: "/a")
        try ledger.assign(stream, to: "/b")
        let memory = try ledger.reserveMemory(100, for: connection)
        // The connection goes first, as it may.
        for _ in 0..<3 { ledger.release(connection) }
        #expect(ledger.usage.streams.inbound == 1)
        for _ in 0..<3 {
            ledger.release(stream)
            ledger.release(memory)
        }
        #expect(ledger.usage == ResourceUsage())
        #expect(throws: LibP2PError.self) { try ledger.establish(connection, as: .sample(1)) }
        #expect(throws: LibP2PError.self) { try ledger.reserveStream(.inbound, on: connection) }
        #expect(throws: LibP2PError.self) { try ledger.assign(stream, to: "/a") }
        #expect(throws: LibP2PError.self) { try ledger.reserveMemory(1, for: connection) }
        #expect(throws: LibP2PError.self) { try ledger.reserveMemory(-1) }
    }

    @Test("Memory is let in to the last byte, whatever the pieces are")
    func memoryPieces() throws {
        var ledger = ResourceLedger(Self.limits(\.memory, 1_000))
        let first = try ledger.reserveMemory(999)
        #expect(throws: LibP2PError.self) { try ledger.reserveMemory(2) }
        #expect(throws: LibP2PError.self) { try ledger.reserveMemory(.max) }
        _ = try ledger.reserveMemory(1)
        _ = try ledger.reserveMemory(0)
        ledger.release(first)
        #expect(ledger.usage.memory == 1)
    }

    @Test("An address begins 16 connections at once and then one each 5 seconds; others are not held up")
    func rate() throws {
        var limits = ResourceLimits()
        limits.connectionsPerIPv4Address = .max
        var ledger = ResourceLedger(limits)
        func begin(_ address: NetworkAddress, at seconds: Double) -> String? {
            do {
                let now = Self.start + .seconds(seconds)
                ledger.release(try ledger.reserveConnection(.inbound, with: address, now: now))
                return nil
            } catch {
                return error.limit
            }
        }
        for _ in 0..<16 { #expect(begin(Self.address(1), at: 0) == nil) }
        #expect(begin(Self.address(1), at: 0) == "inboundConnectionInterval")
        #expect(begin(Self.address(1), at: 4.999) == "inboundConnectionInterval")
        #expect(begin(Self.address(2), at: 4.999) == nil)
        #expect(begin(Self.address(1), at: 5) == nil)
        #expect(begin(Self.address(1), at: 5) == "inboundConnectionInterval")
        // All is earned back, and no more than all.
        for _ in 0..<16 { #expect(begin(Self.address(1), at: 10_000) == nil) }
        #expect(begin(Self.address(1), at: 10_000) == "inboundConnectionInterval")
    }

    @Test("An IPv6 customer has one rate for all of his addresses, and his neighbour another")
    func rateOfCustomer() throws {
        var limits = ResourceLimits.unlimited
        limits.inboundConnectionBurst = 2
        var ledger = ResourceLedger(limits)
        for number in 0..<2 { _ = try ledger.reserveConnection(.inbound, with: Self.six(number), now: Self.start) }
        let error = #expect(throws: LibP2PError.self) {
            try ledger.reserveConnection(.inbound, with: Self.six(2), now: Self.start)
        }
        #expect(error?.limit == "inboundConnectionInterval")
        #expect(error?.connectionCode == .rateLimited)
        _ = try ledger.reserveConnection(.inbound, with: Self.site(5), now: Self.start)
    }

    @Test("This host's own processes have no limit by address, unless that is wanted")
    func loopback() throws {
        for address in [NetworkAddress.loopback(port: 1), .loopbackIPv6(port: 1)] {
            var limits = ResourceLimits()
            limits.inboundTransientConnections = .max
            limits.transientConnections = .max
            var ledger = ResourceLedger(limits)
            for _ in 0..<100 { _ = try ledger.reserveConnection(.inbound, with: address, now: Self.start) }
            limits.countsLoopback = true
            ledger = ResourceLedger(limits)
            for _ in 0..<8 { _ = try ledger.reserveConnection(.inbound, with: address, now: Self.start) }
            #expect(throws: LibP2PError.self) {
                try ledger.reserveConnection(.inbound, with: address, now: Self.start)
            }
        }
    }

    @Test("Peers and networks on the list are never refused, and count")
    func unlimited() throws {
        var limits = ResourceLimits.unlimited
        limits.connections = 1
        limits.connectionsPerPeer = 1
        limits.connectionsPerIPv4Address = 1
        limits.inboundConnectionBurst = 1
        limits.streams = 1
        limits.streamsPerProtocol = 1
        limits.memory = 1
        limits.unlimitedPeers = [.sample(1)]
        limits.unlimitedSubnets = [try Subnet("192.0.7.0/24")]
        var ledger = ResourceLedger(limits)
        _ = try ledger.reserveConnection(.inbound, with: Self.address(1), now: Self.start)
        #expect(throws: LibP2PError.self) {
            try ledger.reserveConnection(.inbound, with: Self.address(2), now: Self.start)
        }
        for _ in 0..<5 {
            let near = try ledger.reserveConnection(.inbound, with: Self.address(3, 7), now: Self.start)
            try ledger.establish(near, as: .sample(2))
            let friend = try ledger.reserveConnection(.outbound, with: nil, expecting: .sample(1), now: Self.start)
            try ledger.establish(friend, as: .sample(1))
            for connection in [near, friend] {
                try ledger.assign(try ledger.reserveStream(.inbound, on: connection), to: "/a")
                _ = try ledger.reserveMemory(10, for: connection)
            }
        }
        #expect(ledger.usage.connections.all == 11)
        #expect(ledger.usage.streams.all == 10)
        #expect(ledger.usage.memory == 100)
        #expect(ledger.usage.peers == 2)
        #expect(throws: LibP2PError.self) {
            try ledger.reserveConnection(.outbound, with: nil, expecting: .sample(3), now: Self.start)
        }
    }

    @Test("10,000 networks that knock once are not remembered beyond the limit, and the busy one stays known")
    func bounded() throws {
        var limits = ResourceLimits.unlimited
        limits.trackedSources = 100
        limits.inboundConnectionBurst = 4
        var ledger = ResourceLedger(limits)
        for _ in 0..<4 {
            ledger.release(try ledger.reserveConnection(.inbound, with: Self.address(1), now: Self.start))
        }
        for number in 0..<10_000 {
            let stranger = NetworkAddress(ipv6: 0x2001_0db8_0000_0000 | UInt64(number) << 8, 1, port: 1)
            ledger.release(try ledger.reserveConnection(.inbound, with: stranger, now: Self.start))
            #expect(ledger.trackedSourceCount <= 100)
        }
        let error = #expect(throws: LibP2PError.self) {
            try ledger.reserveConnection(.inbound, with: Self.address(1), now: Self.start)
        }
        #expect(error?.limit == "inboundConnectionInterval")
    }

    @Test(
        "After any sequence of uses and releases the counts are those of what is open",
        arguments: [1, 2, 3] as [UInt64])
    func random(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var limits = ResourceLimits()
        limits.connections = 12
        limits.connectionsPerPeer = 3
        limits.streamsPerPeer = 6
        limits.transientStreams = 5
        limits.memory = 500
        var ledger = ResourceLedger(limits)
        var connections: [ResourceLedger.ConnectionTicket] = []
        var streams: [ResourceLedger.StreamTicket] = []
        var memory: [(ticket: ResourceLedger.MemoryTicket, bytes: Int)] = []
        var refused = 0
        for step in 0..<4_000 {
            let now = Self.start + .seconds(step)
            do {
                switch random.next() % 8 {
                case 0, 1:
                    let address = Self.address(UInt8(random.next() % 3))
                    let direction: ConnectionDirection = random.next() % 2 == 0 ? .inbound : .outbound
                    connections.append(try ledger.reserveConnection(direction, with: address, now: now))
                case 2:
                    guard let ticket = connections.randomElement(using: &random) else { continue }
                    try ledger.establish(ticket, as: .sample(Int(random.next() % 5)))
                case 3:
                    guard let ticket = connections.randomElement(using: &random) else { continue }
                    streams.append(try ledger.reserveStream(.inbound, on: ticket))
                case 4:
                    guard let ticket = streams.randomElement(using: &random) else { continue }
                    try ledger.assign(ticket, to: random.next() % 2 == 0 ? "/a" : "/b")
                case 5:
                    guard let ticket = connections.randomElement(using: &random) else { continue }
                    let count = Int(random.next() % 100)
                    memory.append((try ledger.reserveMemory(count, for: ticket), count))
                case 6:
                    guard let index = connections.indices.randomElement(using: &random) else { continue }
                    ledger.release(connections.remove(at: index))
                default:
                    if let index = streams.indices.randomElement(using: &random) {
                        ledger.release(streams.remove(at: index))
                    }
                    if let index = memory.indices.randomElement(using: &random) {
                        ledger.release(memory.remove(at: index).ticket)
                    }
                }
            } catch {
                refused += 1
            }
            let usage = ledger.usage
            #expect(usage.connections.all == connections.count, "seed \(seed), step \(step)")
            #expect(usage.streams.all == streams.count, "seed \(seed), step \(step)")
            #expect(usage.memory == memory.reduce(0) { $0 + $1.bytes }, "seed \(seed), step \(step)")
            #expect(usage.connections.all <= 12 && usage.memory <= 500 && usage.transientStreams.all <= 5)
        }
        #expect(refused > 100)
        for ticket in connections { ledger.release(ticket) }
        for ticket in streams { ledger.release(ticket) }
        for (ticket, _) in memory { ledger.release(ticket) }
        #expect(ledger.usage == ResourceUsage(), "seed \(seed)")
    }

    @Test("However many connections one network begins, it never takes the room of the others")
    func flood() throws {
        let limits = ResourceLimits()
        var ledger = ResourceLedger(limits)
        var admitted = 0
        for number in 0..<10_000 {
            let address = Self.address(UInt8(truncatingIfNeeded: number))
            let now = Self.start + .milliseconds(number)
            guard let ticket = try? ledger.reserveConnection(.inbound, with: address, now: now) else { continue }
            do {
                try ledger.establish(ticket, as: .sample(number))
                admitted += 1
            } catch {
                ledger.release(ticket)
            }
        }
        #expect(admitted == limits.connectionsPerIPv4Network)
        let honest = try ledger.reserveConnection(.inbound, with: Self.address(1, 7), now: Self.start)
        try ledger.establish(honest, as: .sample(20_000))
        #expect(ledger.usage.peers == admitted + 1)
    }

    @Test("What keeps a connection out has its code, and that of a stream from the other table")
    func codes() {
        #expect(LibP2PError(.limitReached, "", limit: "connections").connectionCode == .resourceLimitExceeded)
        #expect(LibP2PError(.limitReached, "", limit: "connections").streamCode == .resourceLimitExceeded)
        #expect(LibP2PError(.gated, "").connectionCode == .gated)
        #expect(LibP2PError(.gated, "").streamCode == .gated)
        #expect(LibP2PError(.tooLong, "").streamCode == .protocolViolation)
        #expect(LibP2PError(.timedOut, "").streamCode == .none)
    }
}

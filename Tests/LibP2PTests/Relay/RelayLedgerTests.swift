internal import Testing

@testable internal import LibP2P

@Suite struct RelayLedgerTests {
    private static func address(_ number: Int) throws -> Multiaddress {
        try Multiaddress("/ip4/9.0.\(number / 250).\(number % 250 + 1)/udp/4001/quic-v1")
    }

    private static func peer(_ number: Int) throws -> PeerID {
        try PeerID(Multihash(identityOf: [UInt8(number >> 8), UInt8(number & 0xFF)]))
    }

    @Test("Places are kept for exactly as many peers as allowed, and asking again takes no second one")
    func reservations() throws {
        var ledger = RelayLedger(RelayLimits())
        for number in 0..<128 {
            #expect(ledger.reserve(for: try Self.peer(number), at: try Self.address(number), now: .zero) == nil)
        }
        let (peer, address) = (try Self.peer(128), try Self.address(128))
        #expect(ledger.reserve(for: peer, at: address, now: .zero) == .reservationRefused)
        #expect(ledger.reserve(for: try Self.peer(5), at: address, now: .seconds(1)) == nil)
        ledger.release(try Self.peer(7))
        #expect(ledger.reserve(for: peer, at: address, now: .zero) == nil)
        #expect(ledger.reservationCount == 128)
    }

    @Test("Peers at one address, and in one IPv6 network, have exactly as many places as allowed")
    func neighbours() throws {
        let table = [
            ("/ip4/9.9.9.9/udp/1/quic-v1", "/ip4/9.9.9.9/udp/2/quic-v1", "/ip4/9.9.9.8/udp/1/quic-v1"),
            (
                "/ip6/2a00:1:2:300::1/udp/1/quic-v1", "/ip6/2a00:1:2:3ff::2/udp/2/quic-v1",
                "/ip6/2a00:1:2:400::1/udp/1/quic-v1"
            ),
        ]
        for (first, same, other) in table {
            var ledger = RelayLedger(RelayLimits())
            for number in 0..<8 {
                #expect(
                    ledger.reserve(for: try Self.peer(number), at: try Multiaddress(first), now: .zero) == nil)
            }
            let peer = try Self.peer(8)
            #expect(ledger.reserve(for: peer, at: try Multiaddress(same), now: .zero) == .reservationRefused)
            #expect(ledger.reserve(for: peer, at: try Multiaddress(other), now: .zero) == nil)
        }
        var ledger = RelayLedger(RelayLimits())
        let loopback = try Multiaddress("/ip4/127.0.0.1/udp/1/quic-v1")
        for number in 0..<100 { #expect(ledger.reserve(for: try Self.peer(number), at: loopback, now: .zero) == nil) }
    }

    @Test("A place ends at its time, not before, and makes room then")
    func expiry() throws {
        var limits = RelayLimits()
        limits.reservations = 1
        var ledger = RelayLedger(limits)
        let (alice, bob, address) = (try Self.peer(1), try Self.peer(2), try Self.address(1))
        #expect(ledger.reserve(for: alice, at: address, now: .zero) == nil)
        let circuit = RelayLedger.Circuit(source: bob, target: alice)
        #expect(ledger.reserve(for: bob, at: address, now: .seconds(3_599)) == .reservationRefused)
        #expect(ledger.open(circuit, now: .seconds(3_599)) == nil)
        #expect(ledger.open(circuit, now: .seconds(3_600)) == .noReservation)
        #expect(ledger.reserve(for: bob, at: address, now: .seconds(3_600)) == nil)
    }

    @Test("A peer is an end of exactly as many circuits as allowed, and has room again when one has ended")
    func circuits() throws {
        var ledger = RelayLedger(RelayLimits())
        let peers = try (0..<40).map(Self.peer)
        for (number, peer) in peers.enumerated() {
            #expect(ledger.reserve(for: peer, at: try Self.address(number), now: .zero) == nil)
        }
        for number in 1...16 { #expect(ledger.open(.init(source: peers[0], target: peers[number]), now: .zero) == nil) }
        let (asSource, asTarget) = (
            RelayLedger.Circuit(source: peers[0], target: peers[20]),
            RelayLedger.Circuit(source: peers[20], target: peers[0])
        )
        #expect(ledger.open(asSource, now: .zero) == .resourceLimitExceeded)
        #expect(ledger.open(asTarget, now: .zero) == .resourceLimitExceeded)
        ledger.close(.init(source: peers[0], target: peers[3]))
        #expect(ledger.open(asTarget, now: .zero) == nil)
        #expect(ledger.circuitCount == 16)
    }

    @Test("There are exactly as many circuits in all as allowed")
    func allCircuits() throws {
        var limits = RelayLimits()
        (limits.circuits, limits.circuitsPerPeer) = (3, 100)
        var ledger = RelayLedger(limits)
        #expect(ledger.reserve(for: try Self.peer(0), at: try Self.address(0), now: .zero) == nil)
        for number in 1...3 {
            #expect(ledger.open(.init(source: try Self.peer(number), target: try Self.peer(0)), now: .zero) == nil)
        }
        let next = RelayLedger.Circuit(source: try Self.peer(4), target: try Self.peer(0))
        #expect(ledger.open(next, now: .zero) == .resourceLimitExceeded)
    }
}

@Suite struct RelayPipeTests {
    private static func run(
        limit: Int?, duration: Duration? = nil, _ time: TimeSource = .continuous
    ) -> (near: MemoryPipe, far: MemoryPipe, ending: Task<RelayPipe.Ending, Never>) {
        let (near, left) = MemoryPipe.pair(seed: 3)
        let (right, far) = MemoryPipe.pair(seed: 5)
        let pipe = RelayPipe(limit: limit, duration: duration, time: time)
        return (near, far, Task { await pipe.run(between: left, and: right) })
    }

    @Test("Exactly as many bytes cross in each direction as allowed, and the ends in good order")
    func dataLimit() async throws {
        let (near, far, ending) = Self.run(limit: 100_000)
        let data = [UInt8](repeating: 7, count: 100_000)
        async let there = far.readAll()
        async let back = near.readAll()
        try await near.write(data)
        try near.finish()
        try await far.write(data)
        try far.finish()
        #expect(try await there == data)
        #expect(try await back == data)
        #expect(await ending.value == .finished)
    }

    @Test("One byte more ends the connection with the code for limits")
    func dataLimitExceeded() async throws {
        let (near, far, ending) = Self.run(limit: 1_000)
        try await near.write([UInt8](repeating: 7, count: 1_001))
        #expect(await ending.value == .dataLimit)
        for end in [near, far] {
            let error = await failure { _ = try await end.readAll() }
            #expect(error?.applicationCode == StreamCode.resourceLimitExceeded.rawValue)
        }
    }

    @Test("A connection ends when its time is over")
    func timeLimit() async throws {
        let time = ManualTime()
        let (near, _, ending) = Self.run(limit: nil, duration: .seconds(120), time.source)
        try await time.sleepers(until: .seconds(120))
        time.advance(by: .seconds(120))
        #expect(await ending.value == .timeLimit)
        #expect(await failure { _ = try await near.readAll() }?.code == .streamReset)
    }

    @Test("One direction that ends leaves the other one open")
    func halfClose() async throws {
        let (near, far, ending) = Self.run(limit: nil)
        try near.finish()
        #expect(try await far.readAll().isEmpty)
        try await far.write([1, 2, 3])
        try far.finish()
        #expect(try await near.readAll() == [1, 2, 3])
        #expect(await ending.value == .finished)
    }

    @Test("Who wants no more of one direction is still heard in the other")
    func stopped() async throws {
        let (near, far, ending) = Self.run(limit: nil)
        far.stopReading(code: .none)
        try await near.write([1])
        // The stop has come through when writing fails at this end.
        await #expect(throws: LibP2PError.self) { while true { try await near.write([1]) } }
        try await far.write([1, 2, 3])
        try far.finish()
        #expect(try await near.readAll() == [1, 2, 3])
        #expect(await ending.value == .finished)
    }

    @Test("A stream that breaks breaks the other")
    func broken() async throws {
        let (near, far, ending) = Self.run(limit: nil)
        near.reset(code: .none)
        #expect(await ending.value == .broken)
        #expect(await failure { _ = try await far.readAll() }?.code == .streamReset)
    }
}

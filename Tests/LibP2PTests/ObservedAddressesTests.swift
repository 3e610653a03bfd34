internal import Testing

@testable internal import LibP2P

@Suite struct ObservedAddressesTests {
    private static let seen = "/ip4/9.9.9.9/udp/4001/quic-v1"

    private func record(
        _ observed: inout ObservedAddresses, _ address: String = Self.seen, by number: UInt8, at remote: String,
        now: Duration = .zero
    ) throws -> Bool {
        observed.record(
            try Multiaddress(address), by: TestPeers.peer(number), at: try Multiaddress("\(remote)/udp/1/quic-v1"),
            now: now)
    }

    @Test("The third network to agree confirms an address, once")
    func confirmation() throws {
        var observed = ObservedAddresses()
        #expect(try !self.record(&observed, by: 1, at: "/ip4/8.8.1.1"))
        #expect(try !self.record(&observed, by: 2, at: "/ip4/8.8.2.1"))
        #expect(observed.confirmed(now: .zero).isEmpty)
        #expect(observed.reported(now: .zero).map(\.description) == [Self.seen])
        #expect(try self.record(&observed, by: 3, at: "/ip6/2600:1:2::1"))
        #expect(observed.confirmed(now: .zero).map(\.description) == [Self.seen])
        #expect(try !self.record(&observed, by: 4, at: "/ip4/8.8.3.1"))
    }

    @Test("Peers of one network count once, and so does a peer that comes from many")
    func oneVoice() throws {
        var observed = ObservedAddresses()
        for number in 1...9 as ClosedRange<UInt8> {
            #expect(try !self.record(&observed, by: number, at: "/ip4/8.8.8.\(number)"))
            #expect(try !self.record(&observed, by: 1, at: "/ip4/8.\(number).1.1"))
        }
        #expect(observed.confirmed(now: .zero).isEmpty)
    }

    @Test("The id at the end of an address makes no other address")
    func withId() throws {
        var observed = ObservedAddresses()
        _ = try self.record(&observed, by: 1, at: "/ip4/8.8.1.1")
        _ = try self.record(&observed, "\(Self.seen)/p2p/\(TestPeers.two)", by: 2, at: "/ip4/8.8.2.1")
        #expect(try self.record(&observed, by: 3, at: "/ip4/8.8.3.1"))
    }

    private static let useless = [
        "/ip4/9.9.9.9/tcp/4001", "/ip4/0.0.0.0/udp/1/quic-v1", "/ip4/9.9.9.9/udp/0/quic-v1",
        "/dns4/example.org/udp/1/quic-v1", "/ip4/9.9.9.9/udp/1/quic-v1/p2p-circuit",
    ]

    @Test("What cannot be dialled is not kept", arguments: useless)
    func notDialable(address: String) throws {
        var observed = ObservedAddresses()
        #expect(try !self.record(&observed, address, by: 1, at: "/ip4/8.8.1.1"))
        #expect(observed.count == 0)
    }

    @Test("Reports lose their weight after half an hour, unless they are renewed")
    func expiry() throws {
        var observed = ObservedAddresses()
        for number in 1...3 as ClosedRange<UInt8> {
            _ = try self.record(&observed, by: number, at: "/ip4/8.8.\(number).1")
        }
        _ = try self.record(&observed, by: 1, at: "/ip4/8.8.1.1", now: .seconds(1_000))
        #expect(observed.confirmed(now: .seconds(1_799)).count == 1)
        #expect(observed.confirmed(now: .seconds(1_800)).isEmpty)
        #expect(observed.count == 1)
        #expect(observed.reported(now: .seconds(2_800)).isEmpty)
    }

    @Test("One peer, one network and all together fill no more than their share", arguments: [1, 2] as [UInt64])
    func bounds(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var observed = ObservedAddresses()
        for _ in 0..<50 {
            let port = UInt16.random(in: 1...65_535, using: &random)
            _ = try self.record(&observed, "/ip4/9.9.9.9/udp/\(port)/quic-v1", by: 1, at: "/ip4/8.8.1.1")
        }
        #expect(observed.count <= 4, "seed \(seed)")
        for number in 0..<100 as Range<UInt8> {
            _ = try self.record(&observed, by: number, at: "/ip4/8.8.1.\(number)")
        }
        #expect(observed.count <= 16, "seed \(seed)")
        var rules = ObservedAddresses.Rules()
        rules.maximumCount = 50
        observed = ObservedAddresses(rules)
        for number in 0..<200 as Range<UInt8> { _ = try self.record(&observed, by: number, at: "/ip4/8.\(number).1.1") }
        #expect(observed.count == 50, "seed \(seed)")
        // The newest are the ones that are kept.
        #expect(observed.confirmed(now: .zero).count == 1)
    }

    private func reach(_ confirmed: [String], _ listening: [String], strangers: Bool = false) throws -> Reachability {
        Reachability(
            confirmed: try confirmed.map { try Multiaddress($0) },
            listening: try listening.map { try Multiaddress($0) },
            hasStrangers: strangers)
    }

    @Test("A host is public where it is seen at its own address or lets strangers in, private where neither is so")
    func reachability() throws {
        let behind = "/ip4/192.168.1.2/udp/4001/quic-v1"
        #expect(try self.reach([], [Self.seen]) == .unknown)
        #expect(try self.reach([Self.seen], [behind, Self.seen]) == .public)
        #expect(try self.reach([Self.seen], [behind]) == .private)
        #expect(try self.reach(["/ip4/9.9.9.9/udp/4002/quic-v1"], [Self.seen]) == .private)
        #expect(try self.reach([Self.seen], [behind], strangers: true) == .public)
        #expect(try self.reach([behind], [behind]) == .private)
    }
}

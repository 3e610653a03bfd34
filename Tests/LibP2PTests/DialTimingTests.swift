import Testing

@testable import LibP2P

@Suite struct DialTimingTests {
    private static let start = ContinuousClock.now

    private static func at(_ seconds: Double) -> ContinuousClock.Instant { self.start + .seconds(seconds) }

    @Test(
        "Waits grow by the square of the failures up to five minutes, less at most a tenth",
        arguments: [1, 2] as [UInt64])
    func backoff(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var table = BackoffTable<Int>(limit: 10)
        var now = Self.start
        for failures in 0..<40 {
            let delay = table.failed(1, now: now, random: &random)
            let whole = min(Duration.seconds(5 + failures * failures), .seconds(300))
            #expect(delay <= whole && delay > whole * 0.9, "seed \(seed)")
            #expect(table.wait(for: 1, now: now) == delay)
            #expect(table.wait(for: 2, now: now) == nil)
            now = now + delay
            #expect(table.wait(for: 1, now: now) == nil)
        }
        table.succeeded(1)
        #expect(table.failed(1, now: now, random: &random) <= .seconds(5))
    }

    @Test("What was left alone for long enough starts anew")
    func forgotten() {
        var random = SplitMix64(seed: 1)
        var table = BackoffTable<Int>(limit: 10)
        for _ in 0..<5 { table.failed(1, now: Self.start, random: &random) }
        #expect(table.failed(1, now: Self.at(1_000), random: &random) <= .seconds(5))
    }

    @Test("The table keeps its bound, and what has failed most often")
    func bounded() {
        var random = SplitMix64(seed: 1)
        var table = BackoffTable<Int>(limit: 100)
        for _ in 0..<30 { table.failed(-1, now: Self.start, random: &random) }
        for number in 0..<1_000 {
            table.failed(number, now: Self.start, random: &random)
            #expect(table.count <= 100)
        }
        #expect(table.wait(for: -1, now: Self.start) != nil)
        #expect(table.wait(for: 999, now: Self.start) != nil)
    }

    @Test("An address that failed is left out while others are ready, and a connection frees the peer and its address")
    func peersAndAddresses() throws {
        var random = SplitMix64(seed: 1)
        var backoff = DialBackoff()
        let one = try Multiaddress("/ip4/8.8.8.8/udp/1/quic-v1")
        let two = try Multiaddress("/ip4/8.8.8.8/udp/2/quic-v1")
        let ofPeer = one.appending(.sample(1))
        backoff.failed(ofPeer, now: Self.start, random: &random)
        #expect(backoff.ready([one, two], now: Self.start) == [two])
        #expect(backoff.ready([ofPeer, two], now: Self.at(5)) == [ofPeer, two])
        #expect(backoff.wait(for: .sample(1), now: Self.start) == nil)
        backoff.failed(two, now: Self.at(1), random: &random)
        // Something is always tried: the peer itself is not left alone.
        #expect(backoff.ready([two, one], now: Self.at(1)) == [one])
        #expect(backoff.ready([], now: Self.at(1)) == [])
        backoff.failed(.sample(1), now: Self.at(1), random: &random)
        #expect(backoff.wait(for: .sample(1), now: Self.at(1)) != nil)
        #expect(backoff.wait(for: .sample(2), now: Self.at(1)) == nil)
        backoff.succeeded(.sample(1), at: two)
        #expect(backoff.wait(for: .sample(1), now: Self.at(1)) == nil)
        #expect(backoff.ready([two, one], now: Self.at(1)) == [two])
        backoff.failed(.sample(1), now: Self.at(1), random: &random)
        backoff.succeeded(.sample(1), at: nil)
        #expect(backoff.wait(for: .sample(1), now: Self.at(1)) == nil)
    }

    @Test(
        "A kept peer is dialled at once, and after failures in 200 ms · 2ⁿ and a little", arguments: [1, 2] as [UInt64])
    func reconnecting(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var reconnector = Reconnector()
        let peer = PeerID.sample(1)
        var now = Self.start
        try reconnector.keepConnected(peer, isConnected: false, now: now)
        for failures in 0..<20 {
            #expect(reconnector.nextDue == now)
            #expect(reconnector.due(now: now) == [peer])
            // It is given out once, until the dial has an end.
            #expect(reconnector.due(now: now + .seconds(1_000)) == [])
            #expect(reconnector.nextDue == nil)
            reconnector.failed(peer, now: now, random: &random)
            reconnector.failed(peer, now: now, random: &random)
            let least = min(Duration.milliseconds(200) * (1 << failures), .seconds(30))
            let next = try #require(reconnector.nextDue)
            #expect(next - now >= least && next - now < least + .milliseconds(200), "seed \(seed), \(failures)")
            #expect(reconnector.due(now: next - .nanoseconds(1)) == [])
            now = next
        }
    }

    @Test("A connection that lasted starts the waits anew, one that was lost at once does not")
    func flapping() throws {
        var random = SplitMix64(seed: 1)
        var reconnector = Reconnector()
        let peer = PeerID.sample(1)
        try reconnector.keepConnected(peer, isConnected: true, now: Self.at(0))
        #expect(reconnector.due(now: Self.at(100)) == [])
        var now = Self.at(100)
        var waits: [Duration] = []
        for _ in 0..<5 {
            reconnector.disconnected(peer, now: now, random: &random)
            let next = try #require(reconnector.nextDue)
            waits.append(next - now)
            now = next
            #expect(reconnector.due(now: now) == [peer])
            reconnector.connected(peer, now: now)
            now = now + .seconds(1)
        }
        #expect(waits == waits.sorted())
        #expect(waits[4] >= .milliseconds(3_200))
        reconnector.disconnected(peer, now: now + .seconds(29), random: &random)
        let next = try #require(reconnector.nextDue)
        #expect(next - (now + .seconds(29)) < .milliseconds(400))
    }

    @Test("When the peer dials first, nobody dials it, and a failure of our own dial changes nothing")
    func inboundWins() throws {
        var random = SplitMix64(seed: 1)
        var reconnector = Reconnector()
        let peer = PeerID.sample(1)
        try reconnector.keepConnected(peer, isConnected: false, now: Self.at(0))
        #expect(reconnector.due(now: Self.at(0)) == [peer])
        reconnector.connected(peer, now: Self.at(1))
        reconnector.failed(peer, now: Self.at(2), random: &random)
        #expect(reconnector.nextDue == nil)
        reconnector.connected(.sample(2), now: Self.at(2))
        reconnector.disconnected(.sample(2), now: Self.at(3), random: &random)
        #expect(reconnector.peers == [peer])
    }

    @Test("A new network is tried at once; peers that are let go are not dialled; the number is bounded")
    func changes() throws {
        var random = SplitMix64(seed: 1)
        var reconnector = Reconnector(limit: 2)
        for number in 0..<2 { try reconnector.keepConnected(.sample(number), isConnected: false, now: Self.at(0)) }
        try reconnector.keepConnected(.sample(0), isConnected: false, now: Self.at(0))
        let error = #expect(throws: LibP2PError.self) {
            try reconnector.keepConnected(.sample(2), isConnected: false, now: Self.at(0))
        }
        #expect(error?.limit == "keptPeers")
        #expect(Set(reconnector.due(now: Self.at(0))) == [.sample(0), .sample(1)])
        reconnector.failed(.sample(0), now: Self.at(0), random: &random)
        reconnector.failed(.sample(1), now: Self.at(0), random: &random)
        reconnector.letGo(.sample(1))
        reconnector.networkChanged(now: Self.at(0.01))
        #expect(reconnector.due(now: Self.at(0.01)) == [.sample(0)])
        #expect(!reconnector.keeps(.sample(1)))
    }

    // MARK: Ranking

    private static func rank(_ texts: [String]) throws -> [String] {
        DialRanker.rank(try texts.map { try Multiaddress($0) }).map {
            "\($0.delay.components.attoseconds / 1_000_000_000_000_000 + $0.delay.components.seconds * 1_000) \($0.address)"
        }
    }

    @Test("IPv6 first, IPv4 250 ms later, the rest after that")
    func families() throws {
        let ranked = try Self.rank([
            "/ip4/8.8.8.8/udp/1/quic-v1", "/ip4/8.8.4.4/udp/1/quic-v1", "/ip6/2600::1/udp/1/quic-v1",
            "/ip6/2600::2/udp/1/quic-v1",
        ])
        #expect(
            ranked == [
                "0 /ip6/2600::1/udp/1/quic-v1", "250 /ip4/8.8.8.8/udp/1/quic-v1", "500 /ip6/2600::2/udp/1/quic-v1",
                "500 /ip4/8.8.4.4/udp/1/quic-v1",
            ])
    }

    @Test("Near addresses wait 30 ms only, and no group waits for another")
    func groups() throws {
        let ranked = try Self.rank([
            "/ip4/8.8.8.8/udp/1/quic-v1", "/ip4/10.0.0.1/udp/1/quic-v1", "/ip6/fd00::1/udp/1/quic-v1",
            "/ip4/127.0.0.1/udp/1/quic-v1",
        ])
        #expect(
            ranked == [
                "0 /ip4/127.0.0.1/udp/1/quic-v1", "0 /ip6/fd00::1/udp/1/quic-v1", "0 /ip4/8.8.8.8/udp/1/quic-v1",
                "30 /ip4/10.0.0.1/udp/1/quic-v1",
            ])
    }

    @Test("A relay is tried 500 ms after the last direct address, or at once where there is none")
    func relays() throws {
        let relay = "/ip4/8.8.4.4/udp/1/quic-v1/p2p/\(PeerID.sample(9))/p2p-circuit"
        let ranked = try Self.rank([relay, "/ip4/8.8.8.8/udp/1/quic-v1", "/ip6/2600::1/udp/1/quic-v1"])
        #expect(ranked.last == "750 \(relay)")
        #expect(try Self.rank([relay]) == ["0 \(relay)"])
    }

    @Test("The same address with and without the peer's id is one; what can't be dialled is left out")
    func duplicates() throws {
        let ranked = try Self.rank([
            "/ip4/8.8.8.8/udp/1/quic-v1", "/ip4/8.8.8.8/udp/1/quic-v1/p2p/\(PeerID.sample(1))", "/ip4/8.8.8.8/tcp/1",
            "/ip4/8.8.8.8/udp/0/quic-v1", "/dns4/example.org/udp/1/quic-v1", "/ip4/8.8.8.8/udp/2/quic-v1",
        ])
        #expect(ranked == ["0 /ip4/8.8.8.8/udp/1/quic-v1", "250 /ip4/8.8.8.8/udp/2/quic-v1"])
        #expect(try Self.rank([]) == [])
    }

    @Test("Of a thousand addresses 25 are dialled, of both families, and a relay is among them")
    func bound() throws {
        let relay = "/ip4/8.8.4.4/udp/1/quic-v1/p2p/\(PeerID.sample(9))/p2p-circuit"
        let many = (1...500).flatMap { ["/ip4/8.8.8.8/udp/\($0)/quic-v1", "/ip6/2600::1/udp/\($0)/quic-v1"] }
        let ranked = try Self.rank(many + [relay, relay + "/p2p/\(PeerID.sample(1))"])
        #expect(ranked.count == 25)
        #expect(ranked.filter { $0.contains("ip6") }.count == 12)
        #expect(ranked.last == "1000 \(relay)")
    }
}

import QUICEngine
import QUICTestSupport
import Testing

// What makes a run repeatable.
extension SimulatedNetworkTests {
    @Test("the same seed gives the same schedule", arguments: [1, 2, 3] as [UInt64])
    func sameSeed(seed: UInt64) {
        #expect(self.digestOfRun(seed: seed) == self.digestOfRun(seed: seed))
    }

    @Test("another seed gives another schedule")
    func otherSeed() {
        #expect(Set((0..<20).map { self.digestOfRun(seed: $0) }).count == 20)
    }

    @Test("the digest of a known run is the same in every process and on every machine")
    func knownDigest() {
        #expect(self.digestOfRun(seed: 42) == 11_180_569_704_009_672_709)
    }

    @Test("a third endpoint does not change what the other two see")
    func thirdEndpoint() {
        func arrivals(withThird: Bool) -> [String] {
            let network = SimulatedNetwork(seed: 5, clock: ManualClock())
            network.defaultConditions = .bad
            for number in 0..<500 {
                if withThird {
                    network.send([0], path: NetworkPath(local: self.other, remote: self.server))
                    network.send([0], path: NetworkPath(local: self.client, remote: self.other))
                }
                network.send(self.datagram(numbered: number), path: self.toServer)
                network.clock.advance(by: .microseconds(300))
            }
            return self.drain(network).filter { $0.path == self.toServer.reversed }
                .map { "\($0.arrival.nanoseconds) \($0.bytes)" }
        }
        let alone = arrivals(withThird: false)
        #expect(alone.count > 400)
        #expect(arrivals(withThird: true) == alone)
    }

    @Test("the trace is off at first and then keeps the latest lines up to its bound")
    func traceBound() {
        let network = self.network(.perfect)
        self.sendMany(3, on: network)
        #expect(network.trace.isEmpty)

        network.traceLimit = 5
        self.sendMany(8, on: network)
        #expect(network.trace.map(\.index) == [6, 7, 8, 9, 10])
        network.traceLimit = 3
        #expect(network.trace.map(\.index) == [8, 9, 10])
        #expect(network.trace[0].description == "1.000000000 s #8 10.0.0.1:5000 → 10.0.0.2:443 2 B scheduled")
        #expect(self.drain(network).count == 11)
        #expect(network.trace.map(\.event) == [.delivered, .delivered, .delivered])
    }

    @Test("every packet ends somewhere", arguments: 0..<40 as Range<UInt64>)
    func conservation(seed: UInt64) {
        var generator = SeededRandomness(seed: seed)
        let conditions = LinkConditions.random(using: &generator, maximumLoss: 0.3)
        let network = self.network(conditions, seed: seed)
        var delivered = 0
        for number in 0..<2000 {
            network.send(self.datagram(1 + number % 1500), path: self.toServer, ecn: .ect0)
            if number % 10 == 0 { self.clock.advance(by: .milliseconds(4)) }
            while let delivery = network.popDelivery(upTo: self.clock.now) {
                delivered += 1
                network.recycle(delivery)
            }
            #expect(network.statistics.inFlight == network.packetsInFlight)
        }
        delivered += self.drain(network).count
        let statistics = network.statistics
        #expect(statistics.inFlight == 0)
        #expect(statistics.delivered == delivered)
        #expect(statistics == network.statistics(from: self.client, to: self.server))
        // The bound is a long-run average; a tenth of the packets on top is far beyond what chance adds.
        #expect(statistics.lost + statistics.burstLost + statistics.corrupted < 2000 * 3 / 10 + 200, "\(conditions)")
    }

    @Test("random conditions follow from the generator and stay within their bounds")
    func randomConditions() {
        var first = SeededRandomness(seed: 9)
        var second = SeededRandomness(seed: 9)
        var seen: Set<String> = []
        for _ in 0..<200 {
            let conditions = LinkConditions.random(using: &first, maximumLoss: 0.2)
            #expect(conditions == LinkConditions.random(using: &second, maximumLoss: 0.2))
            let burstLoss = conditions.burstLoss?.averageLoss ?? 0
            #expect(conditions.loss + burstLoss + conditions.corruption <= 0.2)
            #expect(conditions.maximumDatagramSize ?? 1200 >= 1200)
            seen.insert(conditions.description)
        }
        #expect(seen.count == 200)
    }

    @Test("conditions describe what departs from a perfect link")
    func descriptions() {
        #expect(LinkConditions.perfect.description == "0.0 ms")
        #expect(
            LinkConditions.bad.description
                == "30.0 ms, 10.0 ms jitter, 5.0 Mbit/s (128 kB queue), 5.0 % loss, 5.0 % held back 15.0 ms, "
                + "2.0 % duplicated, 1.0 % corrupted")
    }

    /// Two hosts that answer each other over a bad network.
    private func digestOfRun(seed: UInt64) -> UInt64 {
        let network = SimulatedNetwork(seed: seed, clock: ManualClock())
        network.defaultConditions = .bad
        for _ in 0..<50 { network.send(self.datagram(1200), path: self.toServer, ecn: .ect0) }
        var answers = 0
        while let instant = network.nextDelivery {
            network.clock.advance(to: instant)
            while let delivery = network.popDelivery(upTo: network.clock.now) {
                guard answers < 500 else { continue }
                answers += 1
                network.send(delivery.bytes, path: delivery.path, ecn: .ect0)
            }
        }
        return network.digest
    }
}

import QUICEngine
import QUICTestSupport
import Testing

@Suite("The simulated network")
struct SimulatedNetworkTests {
    let clock = ManualClock()
    let client = NetworkAddress(ipv4: (10, 0, 0, 1), port: 5000)
    let server = NetworkAddress(ipv4: (10, 0, 0, 2), port: 443)
    let other = NetworkAddress(ipv6: 0x2001_0db8 << 32, 3, port: 443)

    @Test("a datagram arrives after the delay, with its bytes, its mark and the receiver's view of the path")
    func delay() throws {
        let network = self.network(LinkConditions(delay: .milliseconds(20)))
        network.send([1, 2, 3], path: self.toServer, ecn: .ect0)
        let due = self.clock.now.advanced(by: .milliseconds(20))
        #expect(network.nextDelivery == due)
        #expect(network.popDelivery(upTo: self.clock.now) == nil)
        #expect(!network.isEmpty)

        self.clock.advance(by: .milliseconds(25))
        let delivery = try #require(network.popDelivery(upTo: self.clock.now))
        #expect(delivery.bytes == [1, 2, 3])
        #expect(delivery.path == NetworkPath(local: self.server, remote: self.client))
        #expect(delivery.ecn == .ect0)
        #expect(delivery.arrival == due)
        #expect(network.isEmpty)
        #expect(network.nextDelivery == nil)
    }

    @Test("datagrams that arrive at the same time come out in the order they were sent in")
    func ties() {
        let network = self.network(.perfect)
        for value in 0..<100 { network.send([UInt8(value)], path: self.toServer) }
        #expect(self.drain(network).map { Int($0.bytes[0]) } == Array(0..<100))
    }

    @Test("bandwidth puts datagrams on the wire one after the other")
    func bandwidth() {
        let network = self.network(LinkConditions(delay: .milliseconds(10), bandwidth: 8_000_000))
        let start = self.clock.now
        for _ in 0..<3 { network.send(self.datagram(1000), path: self.toServer) }
        let waits = self.drain(network).map { $0.arrival.duration(since: start) }
        #expect(waits == [.milliseconds(11), .milliseconds(12), .milliseconds(13)])
    }

    @Test("all ports of two hosts share the bandwidth, unless two addresses have conditions of their own")
    func sharedBandwidth() {
        let network = self.network(LinkConditions(bandwidth: 8_000_000))
        let secondPath = NetworkPath(local: self.client.withPort(5001), remote: self.server)
        let start = self.clock.now
        network.send(self.datagram(1000), path: self.toServer)
        network.send(self.datagram(1000), path: secondPath)
        #expect(self.drain(network).last?.arrival == start.advanced(by: .milliseconds(2)))

        network.setConditions(.perfect, from: secondPath.local, to: self.server, matching: .addresses)
        let later = self.clock.now
        network.send(self.datagram(1000), path: self.toServer)
        network.send(self.datagram(1000), path: secondPath)
        let deliveries = self.drain(network)
        #expect(deliveries.map(\.path.remote) == [secondPath.local, self.client])
        #expect(deliveries.map(\.arrival) == [later, later.advanced(by: .milliseconds(1))])
    }

    @Test("a datagram that finds the queue full is dropped, and the queue empties with time")
    func queueOverflow() {
        let network = self.network(LinkConditions(bandwidth: 8_000_000, queueLimit: 3000))
        for _ in 0..<10 { network.send(self.datagram(1000), path: self.toServer) }
        #expect(network.statistics.queueDropped == 7)
        self.clock.advance(by: .milliseconds(2))
        for _ in 0..<10 { network.send(self.datagram(1000), path: self.toServer) }
        #expect(network.statistics.queueDropped == 7 + 8)
        #expect(self.drain(network).count == 5)
    }

    @Test("an idle link takes a datagram larger than its queue")
    func idleLink() {
        let network = self.network(LinkConditions(bandwidth: 8_000_000, queueLimit: 0))
        network.send(self.datagram(1000), path: self.toServer)
        #expect(self.drain(network).count == 1)
    }

    @Test("the share of lost datagrams is near the probability", arguments: [0, 0.01, 0.1, 0.5, 1])
    func loss(probability: Double) {
        let network = self.network(LinkConditions(loss: probability))
        self.sendMany(10_000, on: network)
        let share = Double(network.statistics.lost) / 10_000
        #expect(abs(share - probability) < 0.015)
        #expect(self.drain(network).count == 10_000 - network.statistics.lost)
    }

    @Test("burst loss takes many datagrams in a row and on average what its model says")
    func burstLoss() {
        let model = BurstLoss(enterProbability: 0.01, leaveProbability: 0.1)
        let network = self.network(LinkConditions(burstLoss: model))
        self.sendMany(20_000, on: network)
        let arrived = self.drain(network).map { self.number(in: $0) }
        let bursts = zip(arrived, arrived.dropFirst()).map { $1 - $0 - 1 }.filter { $0 > 0 }

        #expect(network.statistics.lost == 0)
        #expect(abs(Double(network.statistics.burstLost) / 20_000 - model.averageLoss) < 0.02)
        // The length of a burst is geometric with the mean 1 / leaveProbability.
        let meanLength = Double(bursts.reduce(0, +)) / Double(bursts.count)
        #expect((7...13).contains(meanLength))
    }

    @Test("a datagram that is held back is overtaken, and none is lost")
    func reordering() {
        let network = self.network(
            LinkConditions(delay: .milliseconds(10), reordering: 0.1, reorderingDelay: .milliseconds(3)))
        for value in 0..<1000 {
            network.send(self.datagram(numbered: value), path: self.toServer)
            self.clock.advance(by: .milliseconds(1))
        }
        let arrived = self.drain(network).map { self.number(in: $0) }
        #expect(arrived != arrived.sorted())
        #expect(arrived.sorted() == Array(0..<1000))
        #expect((60...140).contains(network.statistics.reordered))
    }

    @Test("jitter spreads arrivals over its range and reorders only where it may", arguments: [false, true])
    func jitter(keepsOrder: Bool) {
        let network = self.network(
            LinkConditions(delay: .milliseconds(10), jitter: .milliseconds(5), keepsOrder: keepsOrder))
        let start = self.clock.now
        self.sendMany(1000, on: network)
        let deliveries = self.drain(network)
        let arrived = deliveries.map { self.number(in: $0) }
        #expect((arrived == arrived.sorted()) == keepsOrder)
        #expect((network.statistics.reordered == 0) == keepsOrder)
        let waits = deliveries.map { $0.arrival.duration(since: start) }
        #expect(waits.allSatisfy { (.milliseconds(10) ... .milliseconds(15)).contains($0) })
        #expect(Set(waits).count > 1)
    }

    @Test("a duplicated datagram arrives twice")
    func duplication() {
        let network = self.network(LinkConditions(duplication: 0.25))
        self.sendMany(4000, on: network)
        let duplicated = network.statistics.duplicated
        #expect((850...1150).contains(duplicated))
        #expect(self.drain(network).count == 4000 + duplicated)
    }

    @Test("corruption flips one to eight bits and nothing else")
    func corruption() {
        let network = self.network(LinkConditions(corruption: 1))
        let original = self.datagram(50)
        for _ in 0..<500 { network.send(original, path: self.toServer) }
        let flips = self.drain(network).map { delivery in
            #expect(delivery.bytes.count == original.count)
            return zip(delivery.bytes, original).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
        }
        #expect(flips.count == 500)
        #expect(flips.allSatisfy { (1...8).contains($0) })
        #expect(Set(flips).count == 8)
        #expect(network.statistics.corrupted == 500)
    }

    @Test("a datagram larger than the path's MTU vanishes")
    func blackHole() {
        let network = self.network(LinkConditions(maximumDatagramSize: 1200))
        network.send(self.datagram(1200), path: self.toServer)
        network.send(self.datagram(1201), path: self.toServer)
        #expect(self.drain(network).map(\.bytes.count) == [1200])
        #expect(network.statistics.tooLarge == 1)
    }

    @Test("only ECN-capable datagrams are marked")
    func marking() {
        let network = self.network(LinkConditions(ecnMarking: 1))
        for ecn in [ECN.notCapable, .ect0, .ect1, .congestionExperienced] {
            network.send([0], path: self.toServer, ecn: ecn)
        }
        let marks = self.drain(network).map(\.ecn)
        #expect(marks == [.notCapable, .congestionExperienced, .congestionExperienced, .congestionExperienced])
        #expect(network.statistics.marked == 2)
    }

    @Test("datagrams are marked while the queue is above its threshold")
    func queueMarking() {
        let network = self.network(LinkConditions(bandwidth: 8_000_000, markAboveQueue: 1500))
        for _ in 0..<4 { network.send(self.datagram(1000), path: self.toServer, ecn: .ect0) }
        let marks = self.drain(network).map(\.ecn)
        #expect(marks == [.ect0, .ect0, .congestionExperienced, .congestionExperienced])
    }

    @Test("a bleaching router clears every mark")
    func bleaching() {
        let network = self.network(LinkConditions(ecnMarking: 1, bleachesECN: true))
        for ecn in [ECN.ect0, .ect1, .congestionExperienced] { network.send([0], path: self.toServer, ecn: ecn) }
        #expect(self.drain(network).map(\.ecn) == [.notCapable, .notCapable, .notCapable])
        #expect(network.statistics.marked == 0)
    }

    @Test("each direction has its own conditions and counters")
    func directions() {
        let network = self.network(.perfect)
        network.setConditions(LinkConditions(loss: 1), from: self.client.withPort(1), to: self.server.withPort(2))
        network.send([0], path: self.toServer)
        network.send([0, 0], path: self.toServer.reversed)
        #expect(self.drain(network).map(\.path.local) == [self.client])
        #expect(network.statistics(from: self.client, to: self.server).lost == 1)
        #expect(network.statistics(from: self.server, to: self.client).delivered == 1)
        #expect(network.statistics(from: self.server, to: self.client).bytesDelivered == 2)
        #expect(network.conditions(from: self.client, to: self.server).loss == 1)
        #expect(network.conditions(from: self.server, to: self.client) == .perfect)
    }

    @Test("the filter scripts the fate of single datagrams")
    func filter() {
        let network = self.network(LinkConditions(delay: .milliseconds(1)))
        network.filter = { index, path, bytes in
            #expect(path.remote.port == 443 && bytes.byteCount == 1)
            return switch index {
            case 0: .drop
            case 1: .delay(.milliseconds(5))
            case 2: .replace([7, 7])
            case 3: .duplicate
            default: .deliver
            }
        }
        for value in 0..<5 { network.send([UInt8(value)], path: self.toServer) }
        #expect(self.drain(network).map(\.bytes) == [[7, 7], [3], [3], [4], [1]])
        #expect(network.statistics.filtered == 1)
        #expect(network.statistics.duplicated == 1)
    }
}

extension SimulatedNetworkTests {
    var toServer: NetworkPath { NetworkPath(local: self.client, remote: self.server) }

    func network(_ conditions: LinkConditions, seed: UInt64 = 1) -> SimulatedNetwork {
        let network = SimulatedNetwork(seed: seed, clock: self.clock)
        network.defaultConditions = conditions
        return network
    }

    func datagram(_ size: Int) -> [UInt8] { Array(repeating: 0xA5, count: size) }

    func datagram(numbered number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }

    func number(in delivery: Delivery) -> Int { Int(delivery.bytes[0]) << 8 | Int(delivery.bytes[1]) }

    func sendMany(_ count: Int, on network: SimulatedNetwork) {
        for number in 0..<count { network.send(self.datagram(numbered: number), path: self.toServer) }
    }

    /// Moves the clock on until nothing is in flight and returns all that arrived.
    func drain(_ network: SimulatedNetwork) -> [Delivery] {
        var deliveries: [Delivery] = []
        while let instant = network.nextDelivery {
            network.clock.advance(to: instant)
            while let delivery = network.popDelivery(upTo: network.clock.now) { deliveries.append(delivery) }
        }
        return deliveries
    }
}

import QUICEngine
import QUICTestSupport
import Testing

// What separates endpoints and what moves them.
extension SimulatedNetworkTests {
    @Test("after a rebinding the endpoint appears from its new address and is reached there")
    func rebinding() throws {
        let network = self.network(.perfect)
        let outer = NetworkAddress(ipv4: (203, 0, 113, 9), port: 61_000)
        network.rebind(self.client, to: outer)

        network.send([1], path: self.toServer)
        let atServer = try #require(network.popDelivery(upTo: self.clock.now))
        #expect(atServer.path == NetworkPath(local: self.server, remote: outer))

        network.send([2], path: atServer.path)
        let atClient = try #require(network.popDelivery(upTo: self.clock.now))
        #expect(atClient.path == NetworkPath(local: self.client, remote: self.server))
        #expect(network.statistics(from: self.server, to: self.client).delivered == 1)
    }

    @Test("packets to an address that the NAT gave up vanish, those in flight too")
    func lostBinding() {
        let network = self.network(LinkConditions(delay: .milliseconds(10)))
        let outers = [61_000, 61_001].map { NetworkAddress(ipv4: (203, 0, 113, 9), port: $0) }
        network.send([1], path: self.toServer.reversed)
        network.rebind(self.client, to: outers[0])
        #expect(self.drain(network).isEmpty)
        #expect(network.statistics.unbound == 1)

        network.rebind(self.client, to: outers[1])
        for destination in [self.client, outers[0], outers[1]] {
            network.send([2], path: NetworkPath(local: self.server, remote: destination))
        }
        #expect(self.drain(network).map(\.path.local) == [self.client])
        #expect(network.statistics.unbound == 3)
    }

    @Test("binding an endpoint to its own address takes the NAT away")
    func unbinding() {
        let network = self.network(.perfect)
        let outer = self.client.withPort(61_000)
        network.rebind(self.client, to: outer)
        network.rebind(self.client, to: self.client)
        network.send([1], path: self.toServer.reversed)
        network.send([2], path: NetworkPath(local: self.server, remote: outer))
        network.send([3], path: self.toServer)
        let deliveries = self.drain(network)
        #expect(deliveries.map(\.bytes) == [[1], [3]])
        #expect(deliveries.last?.path.remote == self.client)
    }

    @Test("a NAT does not change the conditions between two hosts")
    func conditionsBehindNAT() {
        let network = self.network(.perfect)
        network.setConditions(LinkConditions(delay: .milliseconds(7)), between: self.client, and: self.server)
        network.rebind(self.client, to: self.other)
        let start = self.clock.now
        network.send([1], path: self.toServer)
        network.send([2], path: NetworkPath(local: self.server, remote: self.other))
        #expect(self.drain(network).map { $0.arrival.duration(since: start) } == [.milliseconds(7), .milliseconds(7)])
    }

    @Test("nothing passes a partition in either direction until it heals")
    func partition() {
        let network = self.network(.perfect)
        network.partition(self.client, self.server)
        network.send([1], path: self.toServer)
        network.send([2], path: self.toServer.reversed)
        network.send([3], path: NetworkPath(local: self.client, remote: self.other))
        #expect(self.drain(network).map(\.bytes) == [[3]])
        #expect(network.statistics.partitioned == 2)

        network.heal(self.server, self.client)
        network.send([4], path: self.toServer)
        network.send([5], path: self.toServer.reversed)
        #expect(self.drain(network).map(\.bytes) == [[4], [5]])
    }

    @Test("a partition between two addresses leaves other ports of the same hosts alone")
    func partitionOfAddresses() {
        let network = self.network(.perfect)
        network.partition(self.client, self.server, matching: .addresses)
        network.send([1], path: self.toServer)
        network.send([2], path: NetworkPath(local: self.client.withPort(5001), remote: self.server))
        #expect(self.drain(network).map(\.bytes) == [[2]])
        network.heal(self.client, self.server)
        network.send([3], path: self.toServer)
        #expect(self.drain(network).map(\.bytes) == [[3]])
    }

    @Test("two ports of one host are two ends like any others")
    func singleHost() {
        let network = self.network(.perfect)
        let path = NetworkPath(local: self.client, remote: self.client.withPort(443))
        network.setConditions(LinkConditions(loss: 1), from: path.local, to: path.remote)
        network.send([1], path: path)
        network.send([2], path: path.reversed)
        #expect(self.drain(network).map(\.bytes) == [[2]])
    }

    @Test("packets to an unreachable endpoint vanish, and its own still arrive")
    func unreachable() {
        let network = self.network(.perfect)
        network.unreachable(self.server)
        network.send([1], path: self.toServer)
        network.send([2], path: self.toServer.reversed)
        #expect(self.drain(network).map(\.bytes) == [[2]])
        #expect(network.statistics.unreachable == 1)
        network.reachable(self.server)
        network.send([3], path: self.toServer)
        #expect(self.drain(network).map(\.bytes) == [[3]])
    }

    @Test("dropping everything in flight leaves the network empty")
    func dropEverything() {
        let network = self.network(.lan)
        self.sendMany(10, on: network)
        #expect(network.packetsInFlight == 10)
        network.dropEverythingInFlight()
        #expect(network.isEmpty)
        #expect(network.statistics.discarded == 10)
        #expect(network.statistics.inFlight == 0)
    }
}

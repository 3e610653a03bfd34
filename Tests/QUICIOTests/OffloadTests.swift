internal import Testing

@testable internal import QUICIO

@Suite struct OffloadTests {
    private func pattern(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    @Test("A run with an odd tail leaves in one call and arrives as the datagrams it was cut into")
    func roundTrip() throws {
        for address in [SocketAddress.loopback4, .loopback6] {
            let receiver = try UDPSocket(bindingTo: address)
            let sender = try UDPSocket(bindingTo: address)
            #expect(sender.capabilities.gso && receiver.capabilities.gro)
            let bytes = self.pattern(10 * 1200 + 17, seed: 1)
            let batch = TransmitBatch()
            #expect(batch.append(bytes, segmentSize: 1200, to: receiver.localAddress, ecn: 2))
            #expect(try batch.flush(through: sender) == .sent)
            #expect(batch.isEmpty && batch.room == batch.capacity)
            #expect(sender.statistics.callsOut == 1)
            #expect(sender.statistics.gsoCalls == 1)
            #expect(sender.statistics.datagramsOut == 11)
            let arrivals = try receiver.receive(11)
            #expect(arrivals.map(\.bytes.count) == [Int](repeating: 1200, count: 10) + [17])
            #expect(arrivals.flatMap(\.bytes) == bytes)
            #expect(arrivals.allSatisfy { $0.ecn == 2 && $0.remote == sender.localAddress })
            #expect(receiver.statistics.datagramsIn == 11)
            #expect(receiver.statistics.bytesIn == UInt64(bytes.count))
        }
    }

    @Test("A run joined by the kernel fills one slot, with the size to cut at")
    func joined() throws {
        let receiver = try UDPSocket(bindingTo: .loopback4)
        let sender = try UDPSocket(bindingTo: .loopback4)
        let batch = TransmitBatch()
        #expect(batch.append(self.pattern(2500, seed: 2), segmentSize: 1000, to: receiver.localAddress))
        #expect(try batch.flush(through: sender) == .sent)
        try #require(receiver.waitUntilReadable())
        let ring = ReceiveRing()
        #expect(try receiver.receive(into: ring) == 1)
        #expect(ring.received(0).count == 2500)
        #expect(ring.received(0).segmentSize == 1000)
    }

    @Test("Without receive offload every datagram has its own slot")
    func notJoined() throws {
        var options = UDPSocketOptions()
        options.usesReceiveOffload = false
        let receiver = try UDPSocket(bindingTo: .loopback4, options: options)
        let sender = try UDPSocket(bindingTo: .loopback4)
        let batch = TransmitBatch()
        #expect(batch.append(self.pattern(2500, seed: 3), segmentSize: 1000, to: receiver.localAddress))
        #expect(try batch.flush(through: sender) == .sent)
        let ring = ReceiveRing()
        var sizes: [Int] = []
        while sizes.count < 3 {
            try #require(receiver.waitUntilReadable())
            for slot in 0..<(try receiver.receive(into: ring)) {
                #expect(ring.received(slot).segmentSize == ring.received(slot).count)
                sizes.append(ring.received(slot).count)
            }
        }
        #expect(sizes == [1000, 1000, 500])
    }

    @Test("Without segmentation offload a run leaves as its datagrams")
    func notSegmented() throws {
        var options = UDPSocketOptions()
        options.usesSegmentationOffload = false
        let receiver = try UDPSocket(bindingTo: .loopback4)
        let sender = try UDPSocket(bindingTo: .loopback4, options: options)
        let bytes = self.pattern(4100, seed: 4)
        let batch = TransmitBatch()
        #expect(batch.append(bytes, segmentSize: 1000, to: receiver.localAddress))
        #expect(try batch.flush(through: sender) == .sent)
        #expect(try receiver.receive(5).flatMap(\.bytes) == bytes)
        #expect(sender.statistics.gsoCalls == 0)
        #expect(sender.statistics.gsoFallbacks == 0)
        #expect(sender.statistics.callsOut == 1)
    }

    @Test("A run beyond 64 segments or 65,507 bytes is cut to what the kernel takes")
    func longRuns() throws {
        for (segmentSize, count) in [(100, 100 * 150 + 1), (1400, 1400 * 60), (9000, 9000 * 9 + 5)] {
            let receiver = try UDPSocket(bindingTo: .loopback4)
            let sender = try UDPSocket(bindingTo: .loopback4)
            let bytes = self.pattern(count, seed: 5)
            let batch = TransmitBatch()
            #expect(batch.append(bytes, segmentSize: segmentSize, to: receiver.localAddress))
            #expect(try batch.flush(through: sender) == .sent)
            let datagrams = (count + segmentSize - 1) / segmentSize
            #expect(try receiver.receive(datagrams).flatMap(\.bytes) == bytes)
            #expect(sender.statistics.lost == 0)
            #expect(sender.capabilities.gso)
        }
    }

    @Test("One flush serves many peers of both families, from addresses of our choice")
    func manyDestinations() throws {
        let sender = try UDPSocket(bindingTo: .any6)
        var peers: [UDPSocket] = []
        let batch = TransmitBatch()
        for number in 0..<40 {
            let peer = try UDPSocket(bindingTo: number % 2 == 0 ? .loopback4 : .loopback6)
            peers.append(peer)
            let local = number % 2 == 0 ? SocketAddress(ipv4: (127, 0, 0, 3), port: 0) : .loopback6
            #expect(
                batch.append(
                    [UInt8](repeating: UInt8(number), count: 300), segmentSize: number % 3 == 0 ? 100 : 300,
                    to: peer.localAddress, from: local, ecn: UInt8(number % 4)))
        }
        #expect(try batch.flush(through: sender) == .sent)
        #expect(sender.statistics.callsOut == 1)
        for (number, peer) in peers.enumerated() {
            let arrivals = try peer.receive(number % 3 == 0 ? 3 : 1)
            #expect(arrivals.flatMap(\.bytes) == [UInt8](repeating: UInt8(number), count: 300))
            #expect(arrivals.allSatisfy { $0.ecn == number % 4 })
            let source = number % 2 == 0 ? SocketAddress(ipv4: (127, 0, 0, 3), port: 0) : .loopback6
            #expect(arrivals.allSatisfy { $0.remote == source.withPort(sender.localAddress.port) })
        }
    }

    @Test("A batch takes what fits, and says what does not")
    func limits() {
        let batch = TransmitBatch(capacity: 1000, maximumEntries: 3)
        #expect(batch.append([UInt8](repeating: 0, count: 600), to: .loopback4))
        #expect(batch.room == 400)
        #expect(!batch.append([UInt8](repeating: 0, count: 401), to: .loopback4))
        #expect(batch.withFreeSpace { $0.byteCount } == 400)
        #expect(batch.append(count: 400, segmentSize: 100, remote: .loopback4, local: .any4, ecn: 0))
        #expect(batch.append([], to: .loopback4))
        #expect(batch.entriesLeft == 0)
        #expect(!batch.append(count: 0, segmentSize: 1, remote: .loopback4, local: .any4, ecn: 0))
        batch.discard()
        #expect(batch.isEmpty && batch.room == 1000 && batch.entriesLeft == 3)
    }

    @Test("What is written into the free end is what leaves")
    func freeSpace() throws {
        let receiver = try UDPSocket(bindingTo: .loopback4)
        let sender = try UDPSocket(bindingTo: .loopback4)
        let batch = TransmitBatch()
        for round in UInt8(1)...3 {
            batch.withFreeSpace { space in
                for offset in 0..<5 { space.storeBytes(of: round, toByteOffset: offset, as: UInt8.self) }
            }
            batch.append(count: 5, segmentSize: 5, remote: receiver.localAddress, local: .any4, ecn: 0)
        }
        #expect(try batch.flush(through: sender) == .sent)
        #expect(
            try receiver.receive(3).map(\.bytes)
                == [[UInt8](repeating: 1, count: 5), [UInt8](repeating: 2, count: 5), [UInt8](repeating: 3, count: 5)])
    }
}

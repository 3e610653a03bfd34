internal import QUICTestSupport
internal import Synchronization
internal import Testing

@testable internal import QUICIO

private enum Loss: Sendable {
    case tooLong, unreachable, firewall, refusal

    func count(in statistics: UDPSocketStatistics) -> UInt64 {
        switch self {
        case .tooLong: statistics.lostTooLong
        case .unreachable: statistics.lostUnreachable
        case .firewall: statistics.lostToFirewall
        case .refusal: statistics.lostToRefusal
        }
    }
}

@Suite struct TransmitFaultTests {
    private let system = ScriptedDatagramSystem()
    private let receiver: UDPSocket
    private let sender: UDPSocket
    private let batch = TransmitBatch()

    init() throws {
        self.receiver = try UDPSocket(bindingTo: .loopback4)
        self.sender = try UDPSocket(bindingTo: .loopback4, options: UDPSocketOptions(), system: self.system)
    }

    private func append(_ numbers: [UInt8]) {
        for number in numbers { #expect(self.batch.append([number], to: self.receiver.localAddress)) }
    }

    private var arrived: [UInt8] {
        get throws { try self.receiver.receiveAll().flatMap(\.bytes) }
    }

    /// A run of datagrams, each filled with its number.
    private func run(_ numbers: ClosedRange<UInt8>, size: Int = 100) -> [UInt8] {
        numbers.flatMap { [UInt8](repeating: $0, count: size) }
    }

    @Test("A blocked socket keeps the rest in order, and a later flush goes on with it")
    func blocked() throws {
        self.append([1, 2, 3, 4, 5])
        self.system.fail(send: 2, with: .wouldBlock)
        #expect(try self.batch.flush(through: self.sender) == .blocked)
        #expect(try self.arrived == [1, 2])
        #expect(!self.batch.isEmpty)
        self.append([6])
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.arrived == [3, 4, 5, 6])
        #expect(self.sender.statistics.wouldBlock == 1)
        #expect(self.sender.statistics.lost == 0)
    }

    @Test(
        "However often the socket blocks, every byte leaves once and in order",
        arguments: [1, 2, 3, 4, 5] as [UInt64])
    func blockedAtRandom(seed: UInt64) throws {
        let random = Mutex(SplitMix64(seed: seed))
        self.system.failSends(with: .wouldBlock) { _ in random.withLock { Int.random(in: 0..<3, using: &$0) == 0 } }
        var sent: [UInt8] = []
        for number in UInt8(0)..<50 {
            let datagrams = random.withLock { Int.random(in: 1...4, using: &$0) }
            let bytes = [UInt8](repeating: number, count: 400 * datagrams - Int(number))
            sent += bytes
            #expect(self.batch.append(bytes, segmentSize: 400, to: self.receiver.localAddress))
        }
        var received: [UInt8] = []
        while try self.batch.flush(through: self.sender) == .blocked {
            received += try self.receiver.receiveAll().flatMap(\.bytes)
        }
        while received.count < sent.count {
            try #require(self.receiver.waitUntilReadable())
            received += try self.receiver.receiveAll().flatMap(\.bytes)
        }
        #expect(received == sent)
        #expect(self.sender.statistics.wouldBlock > 0)
        #expect(self.sender.statistics.bytesOut == UInt64(sent.count))
    }

    @Test("EIO on a run turns segmentation off for good, and everything leaves datagram by datagram")
    func segmentationRefused() throws {
        self.system.failSends(with: .inputOutput) { $0.segments > 1 }
        self.append([1])
        #expect(self.batch.append(self.run(2...5), segmentSize: 100, to: self.receiver.localAddress))
        self.append([6])
        #expect(self.batch.append(self.run(7...9), segmentSize: 100, to: self.receiver.localAddress))
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.receiver.receive(9).map { $0.bytes[0] } == [1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect(self.system.injected(.inputOutput) == 1)
        #expect(!self.sender.capabilities.gso)
        #expect(self.sender.capabilities.notes.filter { $0.contains("Segmentation") }.count == 1)
        #expect(self.sender.statistics.gsoFallbacks == 1)
        #expect(self.sender.statistics.lost == 0)
        #expect(self.batch.append(self.run(1...2), segmentSize: 100, to: self.receiver.localAddress))
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.receiver.receive(2).count == 2)
        #expect(self.system.injected(.inputOutput) == 1)
    }

    @Test("EINVAL on a run whose datagrams pass alone turns segmentation off")
    func invalidSegmentation() throws {
        self.system.failSends(with: .invalidArgument) { $0.segments > 1 }
        for _ in 0..<2 { #expect(self.batch.append(self.run(1...4), segmentSize: 100, to: self.receiver.localAddress)) }
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.receiver.receive(8).map { $0.bytes[0] } == [1, 2, 3, 4, 1, 2, 3, 4])
        #expect(self.system.injected(.invalidArgument) == 1)
        #expect(!self.sender.capabilities.gso)
    }

    @Test("A doubt about segmentation outlives a blocked socket")
    func doubtWhileBlocked() throws {
        self.system.failSends(with: .invalidArgument) { $0.segments > 1 }
        self.system.failSends(with: .wouldBlock, atMost: 1)
        #expect(self.batch.append(self.run(1...4), segmentSize: 100, to: self.receiver.localAddress))
        #expect(try self.batch.flush(through: self.sender) == .blocked)
        #expect(self.sender.capabilities.gso)
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.receiver.receive(4).map { $0.bytes[0] } == [1, 2, 3, 4])
        #expect(!self.sender.capabilities.gso)
    }

    @Test("A peer at port 0, which anybody can forge, costs the socket neither segmentation nor other peers' datagrams")
    func portZero() throws {
        #expect(self.batch.append(self.run(1...50), segmentSize: 100, to: .loopback4))
        #expect(self.batch.append(self.run(1...3), segmentSize: 100, to: self.receiver.localAddress))
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(self.sender.capabilities.gso)
        #expect(self.sender.statistics.lostToRefusal == 50)
        #expect(self.sender.statistics.callsOut <= 4)
        #expect(try self.receiver.receive(3).count == 3)
        #expect(self.sender.statistics.gsoCalls == 1)
    }

    @Test("A source address that no interface has loses the datagrams for it, not the socket")
    func removedSource() throws {
        let sender = try UDPSocket(bindingTo: .any6)
        let gone4 = SocketAddress(ipv4: (203, 0, 113, 5), port: 0)
        let gone6 = try #require(SocketAddress(parsing: "2001:db8::5", port: 0))
        let peer6 = try UDPSocket(bindingTo: .loopback6)
        #expect(self.batch.append(self.run(1...3), segmentSize: 100, to: self.receiver.localAddress, from: gone4))
        #expect(self.batch.append(self.run(1...3), segmentSize: 100, to: peer6.localAddress, from: gone6))
        self.append([7])
        #expect(try self.batch.flush(through: sender) == .sent)
        #expect(sender.statistics.lost == 6)
        #expect(sender.capabilities.gso)
        #expect(try self.arrived == [7])
    }

    @Test(
        "An error that says something about one datagram loses that one, and counts it",
        arguments: [
            (Errno.messageTooLong, Loss.tooLong), (.connectionRefused, .unreachable),
            (.networkUnreachable, .unreachable), (.hostUnreachable, .unreachable),
            (.addressNotAvailable, .unreachable), (.addressFamilyNotSupported, .unreachable),
            (.notPermitted, .firewall), (.permissionDenied, .firewall), (.inputOutput, .refusal),
            (.invalidArgument, .refusal),
        ])
    fileprivate func oneLost(error: Errno, loss: Loss) throws {
        self.append([1, 2, 3, 4])
        self.system.fail(send: 1, with: error)
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.arrived == [1, 3, 4])
        #expect(loss.count(in: self.sender.statistics) == 1)
        #expect(self.sender.statistics.lost == 1)
        #expect(self.sender.capabilities.gso)
    }

    @Test("A datagram that is too long for UDP is lost, and segments that are too long cost no segmentation")
    func tooLong() throws {
        #expect(self.batch.append([UInt8](repeating: 0, count: 65_600), to: self.receiver.localAddress))
        self.append([1])
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(self.sender.statistics.lostTooLong == 1)
        #expect(try self.arrived == [1])
        self.system.failSends(with: .messageTooLong) { $0.count > 1000 }
        #expect(self.batch.append(self.run(1...4, size: 1400), segmentSize: 1400, to: self.receiver.localAddress))
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(self.sender.statistics.lostTooLong == 5)
        #expect(self.sender.capabilities.gso)
    }

    @Test("A full queue of the host loses one datagram and asks for a pause; the rest leaves afterwards")
    func pause() throws {
        self.append([1, 2, 3])
        self.system.fail(send: 1, with: .noBufferSpace)
        #expect(try self.batch.flush(through: self.sender) == .pause)
        #expect(try self.arrived == [1])
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.arrived == [3])
        #expect(self.sender.statistics.lostToFullQueue == 1)
    }

    @Test("An interrupted send is repeated")
    func interrupted() throws {
        self.append([1])
        self.system.failSends(with: .interrupted, atMost: 3)
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.arrived == [1])
    }

    @Test("A socket beyond use ends the flush with its error, and what came before has left")
    func dead() throws {
        self.append([1, 2])
        self.system.fail(send: 1, with: .badDescriptor)
        #expect(throws: Errno.badDescriptor) { try self.batch.flush(through: self.sender) }
        #expect(try self.arrived == [1])
        #expect(!self.batch.isEmpty)
    }

    @Test("Errors that an ICMP message causes do not end a receive, however many")
    func receiving() throws {
        let ring = ReceiveRing()
        let system = ScriptedDatagramSystem()
        let socket = try UDPSocket(bindingTo: .loopback4, options: UDPSocketOptions(), system: system)
        try self.sender.send([1], to: socket.localAddress)
        try #require(socket.waitUntilReadable())
        system.failReceives(with: .connectionRefused, count: 3)
        #expect(try socket.receiveAll(into: ring).map(\.bytes) == [[1]])
        #expect(socket.statistics.receiveErrors == 3)
        system.failReceives(with: .hostUnreachable, count: 1000)
        #expect(try socket.receive(into: ring) == 0)
        #expect(system.injected(.hostUnreachable) < 100)
        system.recover()
        system.failReceives(with: .badDescriptor)
        #expect(throws: Errno.badDescriptor) { try socket.receive(into: ring) }
    }

    @Test("A peer of a family that the socket does not serve is unreachable, and the socket lives")
    func foreignFamily() throws {
        #expect(self.batch.append([9], to: SocketAddress.loopback6.withPort(9), from: .any6))
        self.append([1])
        #expect(try self.batch.flush(through: self.sender) == .sent)
        #expect(try self.arrived == [1])
        #expect(self.sender.statistics.lostUnreachable == 1)
        var options = UDPSocketOptions()
        options.isIPv6Only = true
        let six = try UDPSocket(bindingTo: .any6, options: options)
        self.append([2])
        #expect(try self.batch.flush(through: six) == .sent)
        #expect(six.statistics.lostUnreachable == 1)
    }
}

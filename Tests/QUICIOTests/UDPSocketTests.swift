internal import Glibc
internal import Testing

@testable internal import QUICIO

@Suite struct UDPSocketTests {
    @Test("A datagram tells who sent it and to which address, over IPv4 and IPv6")
    func addresses() throws {
        for address in [SocketAddress.loopback4, .loopback6] {
            let receiver = try UDPSocket(bindingTo: address)
            let sender = try UDPSocket(bindingTo: address)
            #expect(receiver.localAddress.port != 0)
            try sender.send([1, 2, 3], to: receiver.localAddress)
            let expected = Arrival(
                bytes: [1, 2, 3], remote: sender.localAddress, local: receiver.localAddress, ecn: 0)
            #expect(try receiver.receive(1) == [expected])
            #expect(try receiver.receiveAll().isEmpty)
        }
    }

    @Test("A socket for all addresses answers from the one that the peer used")
    func sourceSelection() throws {
        let server = try UDPSocket(bindingTo: .any4)
        let client = try UDPSocket(bindingTo: .loopback4)
        let second = SocketAddress(ipv4: (127, 0, 0, 2), port: server.localAddress.port)
        try client.send([1], to: second)
        let question = try #require(server.receive(1).first)
        #expect(question.local == second)
        try server.send([2], to: question.remote, from: question.local)
        #expect(try client.receive(1).first?.remote == second)
        // Without a hint the kernel chooses.
        try server.send([3], to: question.remote)
        #expect(try client.receive(1).first?.remote == second.onLoopback)
    }

    @Test("A dual-stack socket serves both families, with addresses and marks of each")
    func dualStack() throws {
        let server = try UDPSocket(bindingTo: .any6)
        #expect(server.capabilities.isDualStack)
        let port = server.localAddress.port
        let client4 = try UDPSocket(bindingTo: .loopback4)
        let client6 = try UDPSocket(bindingTo: .loopback6)
        let second = SocketAddress(ipv4: (127, 0, 0, 2), port: port)
        let sixth = SocketAddress.loopback6.withPort(port)
        try client4.send([4], to: second, ecn: 2)
        #expect(
            try server.receive(1) == [Arrival(bytes: [4], remote: client4.localAddress, local: second, ecn: 2)])
        try client6.send([6], to: sixth, ecn: 1)
        #expect(try server.receive(1) == [Arrival(bytes: [6], remote: client6.localAddress, local: sixth, ecn: 1)])
        try server.send([44], to: client4.localAddress, from: second, ecn: 3)
        #expect(
            try client4.receive(1) == [Arrival(bytes: [44], remote: second, local: client4.localAddress, ecn: 3)])
        try server.send([66], to: client6.localAddress, from: sixth, ecn: 2)
        #expect(try client6.receive(1) == [Arrival(bytes: [66], remote: sixth, local: client6.localAddress, ecn: 2)])
    }

    @Test("A socket for IPv6 alone leaves the port free for IPv4")
    func ipv6Only() throws {
        var options = UDPSocketOptions()
        options.isIPv6Only = true
        let six = try UDPSocket(bindingTo: .any6, options: options)
        #expect(!six.capabilities.isDualStack)
        let four = try UDPSocket(bindingTo: SocketAddress.any4.withPort(six.localAddress.port))
        try six.send([1], to: SocketAddress.loopback6.withPort(six.localAddress.port))
        #expect(try six.receive(1).count == 1)
        #expect(try four.receiveAll().isEmpty)
    }

    @Test("Every congestion mark arrives as it was sent, over IPv4 and IPv6")
    func congestionMarks() throws {
        for address in [SocketAddress.loopback4, .loopback6] {
            let receiver = try UDPSocket(bindingTo: address)
            let sender = try UDPSocket(bindingTo: address)
            #expect(receiver.capabilities.ecn)
            for mark in UInt8(0)...3 {
                try sender.send([mark], to: receiver.localAddress, ecn: mark)
                #expect(try receiver.receive(1).map(\.ecn) == [mark])
            }
            var options = UDPSocketOptions()
            options.marksECN = false
            let plain = try UDPSocket(bindingTo: address, options: options)
            try plain.send([9], to: receiver.localAddress, ecn: 2)
            #expect(try receiver.receive(1).map(\.ecn) == [0])
        }
    }

    @Test("An empty datagram arrives as one")
    func emptyDatagram() throws {
        let receiver = try UDPSocket(bindingTo: .loopback4)
        let sender = try UDPSocket(bindingTo: .loopback4)
        try sender.send([], to: receiver.localAddress)
        try sender.send([1], to: receiver.localAddress)
        #expect(try receiver.receive(2).map(\.bytes) == [[], [1]])
        #expect(receiver.statistics.datagramsIn == 2)
        #expect(sender.statistics.datagramsOut == 2)
    }

    @Test("A datagram longer than its slot is marked and counted")
    func truncated() throws {
        let receiver = try UDPSocket(bindingTo: .loopback4)
        let sender = try UDPSocket(bindingTo: .loopback4)
        let ring = ReceiveRing(slots: 2, slotSize: 100)
        try sender.send([UInt8](repeating: 7, count: 101), to: receiver.localAddress)
        try sender.send([UInt8](repeating: 8, count: 100), to: receiver.localAddress)
        var seen: [ReceiveRing.Received] = []
        while seen.count < 2 {
            try #require(receiver.waitUntilReadable())
            for slot in 0..<(try receiver.receive(into: ring)) { seen.append(ring.received(slot)) }
        }
        #expect(seen.map(\.isTruncated) == [true, false])
        #expect(seen.map(\.count) == [100, 100])
        #expect(receiver.statistics.truncated == 1)
    }

    @Test("Datagrams beyond the receive buffer are counted")
    func overflow() throws {
        var options = UDPSocketOptions()
        options.receiveBuffer = 4096
        options.usesReceiveOffload = false
        let receiver = try UDPSocket(bindingTo: .loopback4, options: options)
        #expect(receiver.capabilities.overflowCounter)
        let sender = try UDPSocket(bindingTo: .loopback4)
        let payload = [UInt8](repeating: 1, count: 1000)
        for _ in 0..<100 { try sender.send(payload, to: receiver.localAddress) }
        var arrived = 0
        // The count comes with the first datagram that finds room again.
        try #require(receiver.waitUntilReadable())
        while true {
            let count = try receiver.receiveAll().count
            if count == 0 { break }
            arrived += count
        }
        try sender.send(payload, to: receiver.localAddress)
        arrived += try receiver.receive(1).count
        #expect(arrived < 100)
        #expect(receiver.statistics.receiveOverflow == UInt64(101 - arrived))
    }

    @Test("The overflow count goes on when the kernel's 32 bits start over")
    func overflowWraps() {
        var state = UDPSocket.State(descriptor: -1, capabilities: UDPSocketCapabilities())
        let datagram = ReceiveRing.Received(
            count: 1, segmentSize: 1, remote: .loopback4, local: .loopback4, ecn: 0, isTruncated: false)
        state.count(datagram, overflow: 0xffff_fff0)
        state.count(datagram, overflow: nil)
        state.count(datagram, overflow: 0x10)
        #expect(state.statistics.receiveOverflow == 0x1_0000_0010)
    }

    @Test("A port in use, a privileged port and a foreign address are explained")
    func bindErrors() throws {
        let socket = try UDPSocket(bindingTo: .loopback4)
        let port = socket.localAddress.port
        let inUse = #expect(throws: SocketError.self) { try UDPSocket(bindingTo: socket.localAddress) }
        #expect(inUse?.errno == .addressInUse)
        #expect(inUse?.message.contains("UDP port \(port)") == true)
        let foreign = #expect(throws: SocketError.self) {
            try UDPSocket(bindingTo: SocketAddress(ipv4: (203, 0, 113, 7), port: 0))
        }
        #expect(foreign?.errno == .addressNotAvailable)
        #expect(foreign?.message.contains("203.0.113.7") == true)
        let privileged = SocketError(.bind, .permissionDenied, address: SocketAddress.any4.withPort(443))
        #expect(privileged.message.contains("CAP_NET_BIND_SERVICE"))
        #expect(SocketError(.open, .tooManyOpenFiles).message.contains("ulimit -n"))
        #expect(SocketError(.open, .addressFamilyNotSupported, address: .any6).message.contains("IPv6 is turned off"))
    }

    @Test("A receive buffer smaller than asked for is one note that says what to do")
    func bufferNote() throws {
        let note = try #require(UDPSocketCapabilities.note(receiveBuffer: 212_992, asked: 4_194_304))
        #expect(note.contains("sysctl -w net.core.rmem_max=4194304"))
        #expect(UDPSocketCapabilities.note(receiveBuffer: 4_194_304, asked: 4_194_304) == nil)
        let socket = try UDPSocket(bindingTo: .loopback4)
        let isSmall = socket.capabilities.receiveBuffer < 4 << 20
        #expect(socket.capabilities.notes.filter { $0.contains("rmem_max") }.count == (isSmall ? 1 : 0))
    }

    @Test("A socket of somebody else is taken over with what it is bound to, and closed with us")
    func adopting() throws {
        let sender = try UDPSocket(bindingTo: .loopback4)
        let first = try UDPSocket(bindingTo: .any6)
        let descriptor = dup(first.withState { $0.descriptor })
        let adopted = try UDPSocket(adopting: descriptor)
        #expect(adopted.localAddress == first.localAddress)
        #expect(adopted.capabilities.isDualStack)
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
        #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK == O_NONBLOCK)
        first.close()
        try sender.send([5], to: SocketAddress.loopback4.withPort(adopted.localAddress.port))
        #expect(try adopted.receive(1).map(\.bytes) == [[5]])
        adopted.close()
        #expect(throws: Errno.badDescriptor) { try adopted.receive(into: ReceiveRing(slots: 1, slotSize: 100)) }
    }

    @Test("What is no bound UDP socket is not taken over, and stays open")
    func refusingToAdopt() {
        let stream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let unbound = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let file = open("/dev/null", O_RDONLY)
        defer { for descriptor in [stream, unbound, file] { close(descriptor) } }
        for (descriptor, errno) in [
            (stream, Errno.notASocket), (unbound, .destinationRequired), (file, .notASocket), (-1, .badDescriptor),
        ] {
            let error = #expect(throws: SocketError.self) { try UDPSocket(adopting: descriptor) }
            #expect(error?.errno == errno)
            #expect(error?.operation == .adopt)
            #expect(descriptor < 0 || fcntl(descriptor, F_GETFD) != -1)
        }
    }

    @Test("A closed socket reports a bad descriptor, and closing it again does nothing")
    func closing() throws {
        let socket = try UDPSocket(bindingTo: .loopback4)
        socket.close()
        socket.close()
        #expect(socket.isClosed)
        #expect(throws: Errno.badDescriptor) { try socket.receive(into: ReceiveRing(slots: 1, slotSize: 100)) }
        let batch = TransmitBatch()
        #expect(batch.append([1], to: SocketAddress.loopback4.withPort(9)))
        #expect(throws: Errno.badDescriptor) { try batch.flush(through: socket) }
        #expect(!batch.isEmpty)
    }

    @Test("The source address toward a host of this machine is that host, and has no port")
    func sourceAddress() throws {
        #expect(try UDPSocket.sourceAddress(toward: .loopback4) == .loopback4)
        #expect(try UDPSocket.sourceAddress(toward: SocketAddress.loopback6.withPort(443)) == .loopback6)
    }
}

extension SocketAddress {
    /// The same port on 127.0.0.1.
    var onLoopback: SocketAddress { SocketAddress.loopback4.withPort(self.port) }
}

internal import Testing

@testable internal import QUICIO

@Suite struct SteeringTests {
    private func group(of count: Int) throws -> [UDPSocket] {
        var options = UDPSocketOptions()
        options.reusesPort = true
        let first = try UDPSocket(bindingTo: .loopback4, options: options)
        return try [first] + (1..<count).map { _ in try UDPSocket(bindingTo: first.localAddress, options: options) }
    }

    @Test("The byte of the connection ID chooses the socket, in short and long headers", arguments: 2...4)
    func steering(count: Int) throws {
        let sockets = try self.group(of: count)
        try UDPSocket.attachSteering(to: sockets, shardByteOffset: 2)
        let port = sockets[0].localAddress
        for number in 0..<8 {
            // Another port each time: the kernel's own choice would depend on it.
            let sender = try UDPSocket(bindingTo: .loopback4)
            let short: [UInt8] = [0x40, 9, 9, UInt8(number), 9, 9, 9, 9, 7]
            let long: [UInt8] = [0xc0, 0, 0, 0, 1, 8, 9, 9, UInt8(number), 9, 9]
            try sender.send(short, to: port)
            #expect(try sockets[number % count].receive(1).map(\.bytes) == [short])
            try sender.send(long, to: port)
            #expect(try sockets[number % count].receive(1).map(\.bytes) == [long])
        }
        for socket in sockets { #expect(try socket.receiveAll().isEmpty) }
    }

    @Test("A datagram that ends before the byte goes to the first socket")
    func tooShort() throws {
        let sockets = try self.group(of: 3)
        try UDPSocket.attachSteering(to: sockets, shardByteOffset: 0)
        for number in 0..<8 {
            let sender = try UDPSocket(bindingTo: .loopback4)
            for bytes in [[], [0x40], [0xc0, 0, 0, 0, 1, UInt8(number)]] as [[UInt8]] {
                try sender.send(bytes, to: sockets[0].localAddress)
                #expect(try sockets[0].receive(1).map(\.bytes) == [bytes])
            }
        }
    }

    @Test("What cannot be steered is an error with a reason")
    func errors() throws {
        let sockets = try self.group(of: 2)
        for offset in [-1, 20] {
            #expect(throws: SocketError.self) { try UDPSocket.attachSteering(to: sockets, shardByteOffset: offset) }
        }
        sockets[0].close()
        let error = #expect(throws: SocketError.self) {
            try UDPSocket.attachSteering(to: sockets, shardByteOffset: 0)
        }
        #expect(error?.message.contains("closed") == true)
    }
}

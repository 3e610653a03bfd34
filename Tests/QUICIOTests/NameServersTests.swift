internal import Testing

@testable internal import QUICIO

@Suite struct NameServersTests {
    @Test("The servers of a resolv.conf are read, three at most and each once, and all else is passed over")
    func parsed() {
        let text = """
            # nameserver 192.0.2.99
            search example.com
            nameserver 192.0.2.1
            nameserver\t2001:db8::1   # the second
            nameserver 192.0.2.1
             nameserver fe80::1%7
            nameserver
            nameserver example.com
            nameservers 192.0.2.98
            nameserver 192.0.2.4
            """
        let servers = NameServers.parse(text).map(\.description)
        #expect(servers == ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%7]:53"])
    }

    @Test("Without a server this host is asked", arguments: ["", "nameserver", "options edns0"])
    func none(text: String) {
        #expect(NameServers.parse(text).map(\.description) == ["127.0.0.1:53"])
    }

    @Test("Every host has somebody to ask")
    func system() {
        #expect((1...3).contains(NameServers.system().count))
    }

    @Test("An interface is found by its name and by its number, and named by it")
    func interfaces() throws {
        let loopback = try #require(try NetworkInterface.all().first { $0.isLoopback })
        #expect(loopback.index > 0)
        #expect(NetworkInterface.scope(named: loopback.name) == loopback.index)
        #expect(NetworkInterface.name(ofScope: loopback.index) == loopback.name)
        #expect(NetworkInterface.scope(named: "77") == 77)
        #expect(NetworkInterface.scope(named: "no-such-one") == nil)
        #expect(NetworkInterface.scope(named: "") == nil && NetworkInterface.scope(named: "a\0b") == nil)
        #expect(NetworkInterface.name(ofScope: 4_000_000_000) == "4000000000")
    }

    @Test("A socket that joined a group hears it on its interface alone, and its own words too")
    func groups() throws {
        let loopback = try #require(try NetworkInterface.all().first { $0.address == .loopback4 })
        // A port that is free; it is given back, so another process could take it meanwhile, which would not matter.
        let probe = try UDPSocket(bindingTo: .loopback4)
        let group = SocketAddress(ipv4: (239, 255, 77, 1), port: probe.localAddress.port)
        probe.close()
        let one = try UDPSocket.joining(group, onInterface: loopback.index)
        let two = try UDPSocket.joining(group, onInterface: loopback.index)
        #expect(try one.receiveDatagram() == nil)
        #expect(one.sendDatagram([1, 2, 3], to: group) == nil)
        for socket in [one, two] {
            try #require(socket.waitUntilReadable())
            let datagram = try #require(try socket.receiveDatagram())
            #expect(datagram.bytes == [1, 2, 3])
            #expect(datagram.remote.port == group.port)
        }
        // What is sent to the host rather than to the group does not come in.
        try UDPSocket(bindingTo: .loopback4).send([9], to: SocketAddress.loopback4.withPort(group.port))
        #expect(two.sendDatagram([4], to: group) == nil)
        try #require(one.waitUntilReadable())
        #expect(try one.receiveDatagram()?.bytes == [4])
        two.close()
        #expect(two.sendDatagram([4], to: group) == .badDescriptor)
        #expect(throws: Errno.badDescriptor) { try two.receiveDatagram() }
        let missing = #expect(throws: SocketError.self) { try UDPSocket.joining(group, onInterface: 4_000_000) }
        #expect(missing?.errno != nil)
    }
}

internal import QUIC
internal import Synchronization
internal import Testing

@testable internal import LibP2P

@Suite(.timeLimit(.minutes(5))) struct InterfaceTests {
    private static func interface(_ host: String, index: UInt32 = 7) throws -> InterfaceAddress {
        InterfaceAddress(
            name: "eth0", index: index, address: try #require(NetworkAddress(host, port: 0)),
            isLoopback: host == "127.0.0.1" || host == "::1")
    }

    private static func all() throws -> [InterfaceAddress] {
        try ["127.0.0.1", "192.168.1.7", "192.168.1.7", "::1", "2001:db8::7", "fe80::1%7", "fe80::2"]
            .map { try self.interface($0) }
    }

    @Test("An unspecified address stands for all addresses of its family, with the port of the socket")
    func wildcards() throws {
        let four = try Multiaddress("/ip4/0.0.0.0/udp/0/quic-v1")
        #expect(
            try four.expanded(over: Self.all(), port: 4001).map(\.description) == [
                "/ip4/127.0.0.1/udp/4001/quic-v1", "/ip4/192.168.1.7/udp/4001/quic-v1",
            ])
        let six = try Multiaddress("/ip6/::/udp/4002/quic-v1")
        // The link-local address that does not say on which interface is left out.
        #expect(
            try six.expanded(over: Self.all()).map(\.description) == [
                "/ip6/::1/udp/4002/quic-v1", "/ip6/2001:db8::7/udp/4002/quic-v1",
                "/ip6zone/7/ip6/fe80::1/udp/4002/quic-v1",
            ])
        #expect(four.expanded(over: []).isEmpty)
    }

    @Test("A mapped IPv4 address of an interface is nothing that a wildcard of IPv6 stands for")
    func mapped() throws {
        let mapped = InterfaceAddress(
            name: "eth0", index: 7, address: NetworkAddress(ipv6: 0, 0xFFFF_C0A8_0107, port: 0))
        #expect(try Multiaddress("/ip6/::/udp/1/quic-v1").expanded(over: [mapped]).isEmpty)
        #expect(
            try Multiaddress("/ip4/0.0.0.0/udp/1/quic-v1").expanded(over: [mapped]).map(\.description) == [
                "/ip4/192.168.1.7/udp/1/quic-v1"
            ])
    }

    @Test("Any other address is its own expansion, with the port of the socket")
    func others() throws {
        let text = "/ip4/192.168.1.7/udp/0/quic-v1"
        #expect(
            try Multiaddress(text).expanded(over: Self.all(), port: 9).map(\.description) == [
                "/ip4/192.168.1.7/udp/9/quic-v1"
            ])
        #expect(try Multiaddress(text).expanded(over: Self.all()).map(\.description) == [text])
        #expect(try Multiaddress("/memory/a").expanded(over: Self.all(), port: 9).map(\.description) == ["/memory/a"])
    }

    @Test("This host has a loopback address, by its name and number")
    func live() throws {
        let loopback = try #require(InterfaceAddress.all().first { $0.address.bytes == [127, 0, 0, 1] })
        #expect(loopback.isLoopback && loopback.index > 0 && !loopback.name.isEmpty)
        let expanded = try Multiaddress("/ip4/0.0.0.0/udp/4001/quic-v1").expanded(over: InterfaceAddress.all())
        #expect(expanded.map(\.description).contains("/ip4/127.0.0.1/udp/4001/quic-v1"))
    }

    @Test("The watch tells the addresses at first, and then only changes, whatever their order")
    func watch() async throws {
        let one = try Self.interface("192.168.1.7")
        let two = try Self.interface("192.168.1.8")
        let readings = Mutex([[one], [one], [one, two], [two, one], [two], [], []])
        let watch = InterfaceWatch(
            read: { readings.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } },
            pause: {
                await Task.yield()
                // After the last reading nothing can change any more.
                if readings.withLock({ $0.count == 1 }) { throw CancellationError() }
            })
        var told: [[InterfaceAddress]] = []
        for await interfaces in watch { told.append(interfaces) }
        #expect(told == [[one], [one, two], [two], []])
    }

    @Test("The watch of a cancelled task ends")
    func cancelled() async {
        let task = Task {
            var count = 0
            for await _ in InterfaceWatch(every: .seconds(600)) { count += 1 }
            return count
        }
        task.cancel()
        #expect(await task.value <= 1)
    }
}

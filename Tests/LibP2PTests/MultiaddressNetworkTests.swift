internal import QUIC
internal import Testing

@testable internal import LibP2P

@Suite struct MultiaddressNetworkTests {
    private static let peer: String = "12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A"
    private static let other: String = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"

    private static let dialled: [(String, String)] = [
        ("/ip4/192.0.2.7/udp/4001/quic-v1", "192.0.2.7:4001"),
        ("/ip4/192.0.2.7/udp/4001/quic-v1/p2p/\(peer)", "192.0.2.7:4001"),
        ("/ip6/2001:db8::7/udp/65535/quic-v1", "[2001:db8::7]:65535"),
        ("/ip6/::ffff:192.0.2.7/udp/1/quic-v1", "192.0.2.7:1"),
        ("/ip6zone/7/ip6/fe80::1/udp/1/quic-v1", "[fe80::1%7]:1"),
    ]

    @Test("An address with IP, UDP and quic-v1 can be dialled, with or without a peer", arguments: dialled)
    func dials(text: String, address: String) throws {
        #expect(try Multiaddress(text).networkAddress().description == address)
    }

    private static let refusals: [(text: String, words: String)] = [
        ("/ip4/192.0.2.7/tcp/4001", "uses tcp, and this host speaks only QUIC: /udp/PORT/quic-v1"),
        ("/ip4/192.0.2.7/tcp/4001/ws", "uses tcp"), ("/ip4/192.0.2.7/udp/4001/utp", "uses utp"),
        ("/ip4/192.0.2.7/udp/4001/webrtc-direct", "uses webrtc-direct"),
        ("/ip4/192.0.2.7/udp/4001/quic-v1/webtransport", "uses webtransport"),
        ("/ip4/192.0.2.7/udp/4001/quic", "use quic-v1 instead of quic"),
        ("/ip4/192.0.2.7/udp/4001/quic/p2p/\(peer)", "use quic-v1 instead of quic"),
        ("/ip4/192.0.2.7/udp/4001", "is incomplete"), ("/ip4/192.0.2.7", "is incomplete"),
        ("/dns4/example.com/udp/4001/quic-v1", "is a name. Resolve it first"),
        ("/dnsaddr/example.com", "is a name. Resolve it first"),
        ("/ip4/192.0.2.7/udp/4001/quic-v1/p2p/\(peer)/p2p-circuit", "leads through a relay"),
        ("/p2p-circuit", "leads through a relay"),
        ("/p2p/\(peer)", "has no IP address"), ("/memory/a", "does not begin with /ip4 or /ip6"),
        ("/udp/4001/quic-v1", "does not begin with /ip4 or /ip6"), ("/ip6zone/7", "has no IP address"),
        ("/ip6zone/7/ip4/192.0.2.7/udp/4001/quic-v1", "does not begin with /ip4 or /ip6"),
        ("/ip6zone/no-such-one/ip6/fe80::1/udp/1/quic-v1", "names an interface that this host does not have"),
        ("/ip4/192.0.2.7/ipcidr/24/udp/4001/quic-v1", "uses ipcidr"),
    ]

    @Test("What cannot be dialled is refused with the reason, and so it is for listening", arguments: refusals)
    func refused(_ refusal: (text: String, words: String)) throws {
        let address = try Multiaddress(refusal.text)
        let error = #expect(throws: LibP2PError.self) { try address.networkAddress() }
        #expect(error?.code == .noAddress)
        #expect(error.map { $0.description.contains(refusal.words) } == true, "\(error?.description ?? "")")
        let same = #expect(throws: LibP2PError.self) { try address.listenAddress() }
        #expect(same == error)
    }

    @Test(
        "Port 0 and the unspecified addresses are for listening alone, groups for nobody to dial",
        arguments: [
            ("/ip4/0.0.0.0/udp/4001/quic-v1", "unspecified"), ("/ip6/::/udp/4001/quic-v1", "unspecified"),
            ("/ip4/192.0.2.7/udp/0/quic-v1", "port 0"), ("/ip4/224.0.0.251/udp/1/quic-v1", "group of hosts"),
            ("/ip4/255.255.255.255/udp/1/quic-v1", "group of hosts"), ("/ip6/ff02::1/udp/1/quic-v1", "group of hosts"),
            ("/ip6/fe80::1/udp/1/quic-v1", "on which interface"),
        ])
    func listening(text: String, words: String) throws {
        let address = try Multiaddress(text)
        #expect(try Multiaddress(address.listenAddress()) == address)
        let error = #expect(throws: LibP2PError.self) { try address.networkAddress() }
        #expect(error.map { $0.description.contains(words) } == true)
    }

    @Test("A network address becomes text and comes back, and a mapped IPv4 address becomes ip4")
    func conversion() throws {
        let four = NetworkAddress(ipv4: (192, 0, 2, 7), port: 4001)
        #expect(Multiaddress(four).description == "/ip4/192.0.2.7/udp/4001/quic-v1")
        #expect(try Multiaddress(four).networkAddress() == four)
        let mapped = NetworkAddress(ipv6: 0, 0xFFFF_C000_0207, port: 4001)
        #expect(Multiaddress(mapped) == Multiaddress(four))
        let six = NetworkAddress(ipv6: 0x2001_0DB8_0000_0000, 7, port: 443)
        #expect(Multiaddress(six).description == "/ip6/2001:db8::7/udp/443/quic-v1")
        #expect(try Multiaddress(six).networkAddress() == six)
        // The loopback interface has number 1 on every host; it may be called anything.
        let zoned = NetworkAddress(ipv6: 0xFE80_0000_0000_0000, 7, port: 443, scopeID: 1)
        #expect(Multiaddress(zoned).value(of: .ip6zone)?.isEmpty == false)
        #expect(try Multiaddress(zoned).networkAddress() == zoned)
        let gone = NetworkAddress(ipv6: 0xFE80_0000_0000_0000, 7, port: 443, scopeID: 4_000_000_000)
        #expect(Multiaddress(gone).description == "/ip6zone/4000000000/ip6/fe80::7/udp/443/quic-v1")
    }

    @Test("The peer at the end is found, put there and taken away")
    func peers() throws {
        let plain = try Multiaddress("/ip4/192.0.2.7/udp/4001/quic-v1")
        let peer = try PeerID(Self.peer)
        let other = try PeerID(Self.other)
        #expect(plain.peerID == nil && plain.withoutPeer == plain)
        let whole = plain.appending(peer)
        #expect(whole.description == "\(plain)/p2p/\(peer)")
        #expect(whole.peerID == peer && whole.withoutPeer == plain)
        #expect(whole.appending(peer) == whole && whole.appending(other) == plain.appending(other))
        let alone = try Multiaddress("/p2p/\(peer)")
        #expect(alone.peerID == peer && alone.withoutPeer == alone)
    }

    @Test("A relayed address names the relay and the peer behind it")
    func relays() throws {
        let peer = try PeerID(Self.peer)
        let other = try PeerID(Self.other)
        let relay = try Multiaddress("/ip4/192.0.2.7/udp/4001/quic-v1").appending(other)
        #expect(!relay.isRelayed && relay.relay == nil)
        let address = Multiaddress.relayed(through: relay, to: peer)
        #expect(address.description == "\(relay)/p2p-circuit/p2p/\(peer)")
        #expect(address.isRelayed && address.peerID == peer)
        #expect(address.relay?.address == relay && address.relay?.target == peer)
        #expect(address.relay?.address.peerID == other)
        let anyone = Multiaddress.relayed(through: relay, to: nil)
        #expect(anyone.peerID == nil && anyone.relay?.address == relay && anyone.relay?.target == nil)
        #expect(anyone.appending(peer) == address && address.withoutPeer == anyone)
        let twice = Multiaddress.relayed(through: address, to: other)
        #expect(twice.relay?.address == address && twice.relay?.target == other)
        let bare = try Multiaddress("/p2p-circuit")
        #expect(bare.isRelayed && bare.relay == nil)
    }

    private static let reaches: [(String, AddressReach)] = [
        ("0.0.0.0", .unspecified), ("0.0.0.1", .reserved), ("9.255.255.255", .global), ("10.0.0.0", .privateNetwork),
        ("10.255.255.255", .privateNetwork), ("11.0.0.0", .global), ("100.63.255.255", .global),
        ("100.64.0.0", .privateNetwork), ("100.127.255.255", .privateNetwork), ("100.128.0.0", .global),
        ("126.255.255.255", .global), ("127.0.0.0", .loopback), ("127.255.255.255", .loopback), ("128.0.0.0", .global),
        ("169.253.255.255", .global), ("169.254.0.1", .linkLocal), ("169.255.0.0", .global),
        ("172.15.255.255", .global), ("172.16.0.0", .privateNetwork), ("172.31.255.255", .privateNetwork),
        ("172.32.0.0", .global), ("192.0.0.8", .reserved), ("192.0.1.0", .global), ("192.0.2.255", .reserved),
        ("192.88.99.1", .reserved), ("192.167.255.255", .global), ("192.168.0.0", .privateNetwork),
        ("192.169.0.0", .global), ("198.17.255.255", .global), ("198.18.0.0", .reserved), ("198.19.255.255", .reserved),
        ("198.20.0.0", .global), ("198.51.100.7", .reserved), ("203.0.113.7", .reserved), ("223.255.255.255", .global),
        ("224.0.0.0", .reserved), ("239.255.255.255", .reserved), ("240.0.0.0", .reserved),
        ("255.255.255.255", .reserved),
        ("::", .unspecified), ("::1", .loopback), ("::2", .reserved), ("::ffff:127.0.0.1", .loopback),
        ("::ffff:8.8.8.8", .global), ("::ffff:10.0.0.1", .privateNetwork), ("64:ff9b::808:808", .global),
        ("64:ff9b:1::1", .privateNetwork), ("100::1", .reserved), ("2000::", .global), ("2001:2::1", .reserved),
        ("2001:10::1", .reserved), ("2001:20::1", .reserved), ("2001:30::1", .global), ("2001:db7::1", .global),
        ("2001:db8::1", .reserved), ("2001:db9::1", .global), ("3fff::1", .reserved), ("3fff:1000::", .global),
        ("3fff:fff::1", .reserved), ("4000::", .reserved), ("fbff::1", .reserved), ("fc00::1", .privateNetwork),
        ("fdff::1", .privateNetwork), ("fe00::1", .reserved), ("fe7f::1", .reserved), ("fe80::1", .linkLocal),
        ("febf::1", .linkLocal), ("fec0::1", .privateNetwork), ("ff02::1", .reserved),
    ]

    @Test("Each address has its reach, to the edges of the ranges", arguments: reaches)
    func reachOf(host: String, reach: AddressReach) throws {
        let family = host.contains(":") ? "ip6" : "ip4"
        #expect(try Multiaddress("/\(family)/\(host)/udp/1/quic-v1").reach == reach)
    }

    @Test("A name has the reach of a name, a relayed address that of its relay, and nothing that of nothing")
    func reachOfOthers() throws {
        #expect(try Multiaddress("/dns4/example.com/tcp/1").reach == .name)
        #expect(try Multiaddress("/dnsaddr/example.com").reach == .name)
        #expect(try Multiaddress("/ip6zone/eth0/ip6/fe80::1/udp/1/quic-v1").reach == .linkLocal)
        #expect(try Multiaddress("/ip4/10.0.0.1/udp/1/quic-v1/p2p/\(Self.peer)/p2p-circuit").reach == .privateNetwork)
        #expect(try Multiaddress("/p2p/\(Self.peer)").reach == .unspecified)
        #expect(try Multiaddress("/memory/a").reach == .unspecified)
    }

    @Test("Addresses of one network have one prefix, whatever their port and form")
    func prefixes() throws {
        func prefix(_ host: String, _ bits4: Int, _ bits6: Int, port: UInt16 = 1) throws -> AddressPrefix {
            AddressPrefix(try #require(NetworkAddress(host, port: port)), bits4: bits4, bits6: bits6)
        }
        #expect(try prefix("192.0.2.7", 24, 56) == prefix("192.0.2.200", 24, 0, port: 2))
        #expect(try prefix("192.0.2.7", 32, 56) != prefix("192.0.2.8", 32, 56))
        #expect(try prefix("192.0.2.7", 24, 56) != prefix("192.0.3.7", 24, 56))
        #expect(try prefix("192.0.2.7", 24, 56) != prefix("192.0.2.7", 32, 56))
        #expect(try prefix("192.0.2.7", 20, 56).description == "192.0.0.0/20")
        #expect(try prefix("2001:db8:1:2ff::4", 32, 56).description == "2001:db8:1:200::/56")
        #expect(try prefix("2001:db8:1:2ff::4", 32, 48).description == "2001:db8:1::/48")
        #expect(try prefix("2001:db8:1:2ff::4", 32, 64) == prefix("2001:db8:1:2ff:ffff::4", 32, 64))
        #expect(try prefix("192.0.2.7", 0, 0).description == "0.0.0.0/0")
        #expect(try prefix("192.0.2.7", -5, 0) == prefix("8.8.8.8", 0, 0))
        #expect(try prefix("192.0.2.7", 99, 0).description == "192.0.2.7/32")
        #expect(try prefix("::1", 0, 500).description == "::1/128")
        let mapped = NetworkAddress(ipv6: 0, 0xFFFF_C000_0207, port: 9)
        #expect(try AddressPrefix(mapped, bits4: 24, bits6: 56) == prefix("192.0.2.7", 24, 56))
    }
}

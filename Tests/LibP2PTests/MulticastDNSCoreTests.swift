internal import QUIC
internal import Testing

@testable internal import LibP2P

/// Hosts on one link, without sockets: every datagram reaches all of them, or some where some are lost.
private struct Link {
    struct Host {
        var core: MulticastDNSCore
        var addresses: [Multiaddress]
        var network: NetworkAddress
        var found: [PeerID: [Multiaddress]] = [:]
        var reports = 0
        var sent = 0
    }

    var hosts: [Host] = []
    var now: UInt64 = 1_000_000_000
    var lossPercent: UInt64 = 0
    var random: SplitMix64

    init(seed: UInt64) { self.random = SplitMix64(seed: seed) }

    mutating func join(
        _ peer: PeerID, at host: UInt8, addresses: [String]? = nil,
        _ configuration: MulticastDNS.Configuration = .init()
    ) throws {
        let texts = addresses ?? ["/ip4/10.0.0.\(host)/udp/4001/quic-v1"]
        self.hosts.append(
            Host(
                core: MulticastDNSCore(peer: peer, configuration, random: SplitMix64(seed: UInt64(host))),
                addresses: try texts.map { try Multiaddress($0) },
                network: NetworkAddress(ipv4: (10, 0, 0, host), port: configuration.port)))
    }

    /// Runs until `end`, step by step from one deadline to the next.
    mutating func run(for seconds: UInt64) {
        let end = self.now + seconds * 1_000_000_000
        while let next = self.hosts.map(\.core.deadline).min(), next <= end {
            self.now = max(self.now, next)
            for index in self.hosts.indices {
                let messages = self.hosts[index].core.messages(now: self.now, addresses: self.hosts[index].addresses)
                for message in messages { self.send(message, from: index) }
            }
        }
        self.now = end
    }

    /// The sender hears itself, as on a real link.
    mutating func send(_ message: [UInt8], from sender: Int) {
        self.hosts[sender].sent += 1
        for index in self.hosts.indices where index == sender || self.random.next() % 100 >= self.lossPercent {
            self.deliver(message, to: index, from: self.hosts[sender].network)
        }
    }

    mutating func deliver(_ message: [UInt8], to index: Int, from remote: NetworkAddress) {
        for sighting in self.hosts[index].core.receive(message, from: remote, now: self.now) {
            self.hosts[index].found[sighting.peer] = sighting.addresses
            self.hosts[index].reports += 1
        }
    }
}

@Suite struct MulticastDNSCoreTests {
    private static func peer(_ number: UInt8) throws -> PeerID {
        try PeerID(publicKey: PublicKeyMessage(type: .ed25519, key: [UInt8](repeating: number, count: 32)))
    }

    private static let service: DNSName? = DNSName(MulticastDNSCore.service)

    /// A question for the service, with answers that the asker knows already.
    private static func question(_ name: String = MulticastDNSCore.service, _ type: DNSRecord.Kind = .ptr) throws
        -> [UInt8]
    {
        DNSMessage(questions: [DNSQuestion(name: try #require(DNSName(name)), type: type)]).encoded
    }

    /// What somebody announces.
    private static func announcement(
        _ strings: [String], seconds: UInt32 = 120, name: String = "abc._p2p._udp.local"
    ) throws -> [UInt8] {
        var message = DNSMessage(flags: DNSMessage.response | DNSMessage.authoritative)
        message.additionals = [
            DNSRecord(
                name: try #require(DNSName(name)), type: .txt, kind: 0x8001, timeToLive: seconds,
                content: .strings(strings.map { Array($0.utf8) }))
        ]
        return message.encoded
    }

    @Test("Hosts on a link find one another within a second, each once, and nobody finds himself")
    func meeting() throws {
        var link = Link(seed: 1)
        for number in 1...5 as ClosedRange<UInt8> { try link.join(Self.peer(number), at: number) }
        link.run(for: 1)
        for (index, host) in link.hosts.enumerated() {
            let others = try (1...5 as ClosedRange<UInt8>).filter { Int($0) != index + 1 }.map { try Self.peer($0) }
            #expect(Set(host.found.keys) == Set(others))
            #expect(host.reports == 4)
        }
        let addresses = link.hosts[0].found[try Self.peer(2)]
        #expect(addresses?.map(\.description) == ["/ip4/10.0.0.2/udp/4001/quic-v1"])
    }

    @Test(
        "Half of all datagrams may be lost, and all find one another in the end",
        arguments: 1...5 as ClosedRange<UInt64>)
    func loss(seed: UInt64) throws {
        var link = Link(seed: seed)
        link.lossPercent = 50
        for number in 1...6 as ClosedRange<UInt8> { try link.join(Self.peer(number), at: number) }
        link.run(for: 3_600)
        for host in link.hosts { #expect(host.found.count == 5, "seed \(seed)") }
    }

    @Test("Questions come after 10 seconds and then after twice as long each time, up to 5 minutes")
    func schedule() throws {
        var core = MulticastDNSCore(peer: try Self.peer(1), .init(), random: SplitMix64(seed: 1))
        var now: UInt64 = 1_000_000_000
        var pauses: [UInt64] = []
        for _ in 0..<8 {
            #expect(!core.messages(now: now, addresses: []).isEmpty)
            pauses.append((core.deadline - now) / 1_000_000_000)
            now = core.deadline
        }
        #expect(pauses == [10, 20, 40, 80, 160, 300, 300, 300])
        core.networkChanged(now: now)
        #expect(core.deadline == now)
    }

    @Test("A message is what the specification of libp2p asks for")
    func format() throws {
        var core = MulticastDNSCore(peer: try Self.peer(1), .init(), random: SplitMix64(seed: 1))
        let address = try Multiaddress("/ip4/192.168.1.7/udp/4001/quic-v1")
        let messages = try core.messages(now: 0, addresses: [address]).map { try DNSMessage(decoding: $0) }
        #expect(messages.count == 2)
        let question = try #require(messages.first)
        #expect(question.id == 0 && question.flags == 0 && question.answers.isEmpty)
        #expect(question.questions == [DNSQuestion(name: try #require(Self.service), type: .ptr)])
        let answer = try #require(messages.last)
        #expect(answer.flags == 0x8400 && answer.questions.isEmpty)
        let pointer = try #require(answer.answers.first)
        #expect(pointer.name == Self.service && pointer.type == .ptr && pointer.kind == 1 && pointer.timeToLive == 360)
        guard case .name(let instance) = pointer.content, let text = answer.additionals.first else {
            Issue.record("no pointer to a name")
            return
        }
        #expect(instance.labels.dropFirst().count == 3 && (32...63).contains(instance.labels[0].count))
        #expect(!instance.description.contains(try Self.peer(1).description))
        #expect(text.name == instance && text.type == .txt && text.kind == 0x8001)
        #expect(text.content == .strings([Array("dnsaddr=\(address)/p2p/\(try Self.peer(1))".utf8)]))
        var other = MulticastDNSCore(peer: try Self.peer(1), .init(), random: SplitMix64(seed: 2))
        let others = try other.messages(now: 0, addresses: [address]).map { try DNSMessage(decoding: $0) }
        #expect(others.last?.answers.first?.content != pointer.content)
    }

    @Test("Only addresses that mean something on the link are announced, without the names of our interfaces")
    func announced() throws {
        var link = Link(seed: 1)
        try link.join(
            Self.peer(1), at: 1,
            addresses: [
                "/ip4/127.0.0.1/udp/1/quic-v1", "/ip4/8.8.8.8/udp/1/quic-v1", "/ip4/10.0.0.1/udp/1/quic-v1",
                "/ip4/10.0.0.1/tcp/1", "/dns4/a.example/udp/1/quic-v1", "/ip6/fd00::1/udp/1/quic-v1",
                "/ip4/10.0.0.9/udp/1/quic-v1/p2p/\(Self.peer(3))/p2p-circuit", "/ip4/10.0.0.1/udp/1/quic-v1",
                "/ip6zone/7/ip6/fe80::1/udp/1/quic-v1",
            ])
        try link.join(Self.peer(2), at: 2, addresses: [])
        // On a link of IPv6 the sender's address says over which interface it came.
        link.hosts[0].network = NetworkAddress(
            ipv6: 0xFE80_0000_0000_0000, 1, port: 5_353, scopeID: 4_000_000_000)
        link.run(for: 1)
        #expect(
            link.hosts[1].found[try Self.peer(1)]?.map(\.description) == [
                "/ip4/10.0.0.1/udp/1/quic-v1", "/ip6/fd00::1/udp/1/quic-v1",
                "/ip6zone/4000000000/ip6/fe80::1/udp/1/quic-v1",
            ])
        // Who has no address does not answer.
        #expect(link.hosts[0].found.isEmpty && link.hosts[1].sent == 1)
    }

    @Test("An announcement fits into a packet, however many addresses there are")
    func size() throws {
        var core = MulticastDNSCore(peer: try Self.peer(1), .init(), random: SplitMix64(seed: 1))
        let addresses = try (0..<200).map { try Multiaddress("/ip4/10.0.0.\($0)/udp/4001/quic-v1") }
        let messages = core.messages(now: 0, addresses: addresses)
        #expect(messages.count == 2 && messages.allSatisfy { $0.count <= 1_200 })
        let strings = try DNSMessage(decoding: messages[1]).additionals.first?.content
        guard case .strings(let strings) = strings else {
            Issue.record("no addresses")
            return
        }
        #expect(strings.count >= 8)
    }

    @Test("A thousand questions in one second get one answer, and the next one a second later")
    func answerRate() throws {
        var core = MulticastDNSCore(peer: try Self.peer(1), .init(), random: SplitMix64(seed: 1))
        let asker = NetworkAddress(ipv4: (10, 0, 0, 2), port: 5_353)
        let address = try Multiaddress("/ip4/10.0.0.1/udp/4001/quic-v1")
        #expect(core.messages(now: 0, addresses: [address]).count == 2)
        var answers: [UInt64] = []
        for millisecond in 0..<2_000 as Range<UInt64> {
            let now = millisecond * 1_000_000
            #expect(core.receive(try Self.question(), from: asker, now: now).isEmpty)
            for message in core.messages(now: now, addresses: [address]) {
                if try DNSMessage(decoding: message).isResponse { answers.append(millisecond) }
            }
        }
        #expect(answers == [1_000])
    }

    @Test("A question is answered after 20 to 120 milliseconds, unless the asker knows the answer or asks for others")
    func answering() throws {
        var core = MulticastDNSCore(peer: try Self.peer(1), .init(), random: SplitMix64(seed: 1))
        let asker = NetworkAddress(ipv4: (10, 0, 0, 2), port: 5_353)
        let address = try Multiaddress("/ip4/10.0.0.1/udp/4001/quic-v1")
        let first = try core.messages(now: 0, addresses: [address]).map { try DNSMessage(decoding: $0) }
        let pointer = try #require(first.last?.answers.first)
        let quiet = core.deadline
        for name in ["_http._tcp.local", "local", "abc._p2p._udp.local"] {
            _ = core.receive(try Self.question(name), from: asker, now: 2_000_000_000)
        }
        _ = core.receive(try Self.question(MulticastDNSCore.service, .txt), from: asker, now: 2_000_000_000)
        var known = try DNSMessage(decoding: Self.question())
        known.answers = [pointer]
        _ = core.receive(known.encoded, from: asker, now: 2_000_000_000)
        #expect(core.deadline == quiet)
        known.answers[0].timeToLive = 100
        _ = core.receive(known.encoded, from: asker, now: 2_000_000_000)
        #expect((2_020_000_000...2_120_000_000).contains(core.deadline))
        #expect(core.messages(now: core.deadline, addresses: [address]).count == 1)
        _ = core.receive(try Self.question(MulticastDNSCore.allServices), from: asker, now: 4_000_000_000)
        let services = try core.messages(now: core.deadline, addresses: [address]).map { try DNSMessage(decoding: $0) }
        #expect(services.first?.answers.last?.content == Self.service.map { .name($0) })
    }

    private static let unusable: [[String]] = [
        [], [""], ["dnsaddr="], ["dnsaddr=/ip4/10.0.0.9/udp/1/quic-v1"], ["dnsaddr=nonsense"], ["id=abc"],
        ["dnsaddr=/ip4/10.0.0.9/tcp/1/p2p/PEER"], ["dnsaddr=/ip4/10.0.0.9/udp/0/quic-v1/p2p/PEER"],
        ["dnsaddr=/ip4/127.0.0.1/udp/1/quic-v1/p2p/PEER"], ["dnsaddr=/dns/a.example/udp/1/quic-v1/p2p/PEER"],
        // On a link of IPv4 nobody knows which interface is meant.
        ["dnsaddr=/ip6/fe80::1/udp/1/quic-v1/p2p/PEER"], ["dnsaddr=/ip6zone/1/ip6/fe80::1/udp/1/quic-v1/p2p/PEER"],
    ]

    @Test("What cannot be dialled is not found", arguments: unusable)
    func undialled(_ strings: [String]) throws {
        var link = Link(seed: 1)
        try link.join(Self.peer(1), at: 1)
        let other = try Self.peer(2).description
        let parts = strings.map {
            $0.split(separator: "PEER", omittingEmptySubsequences: false).joined(separator: other)
        }
        let remote = NetworkAddress(ipv4: (10, 0, 0, 2), port: 5_353)
        link.deliver(try Self.announcement(parts), to: 0, from: remote)
        #expect(link.hosts[0].found.isEmpty)
        #expect(link.hosts[0].core.peerCount == 0)
    }

    @Test("Answers from another port, with an error, to other services or about ourselves are ignored")
    func ignored() throws {
        var link = Link(seed: 1)
        try link.join(Self.peer(1), at: 1)
        let remote = NetworkAddress(ipv4: (10, 0, 0, 2), port: 5_353)
        let string = "dnsaddr=/ip4/10.0.0.2/udp/1/quic-v1/p2p/\(try Self.peer(2))"
        let good = try Self.announcement([string])
        link.deliver(good, to: 0, from: remote.withPort(5_354))
        var failed = try DNSMessage(decoding: good)
        failed.flags |= 3
        link.deliver(failed.encoded, to: 0, from: remote)
        link.deliver(try Self.announcement([string], name: "abc._http._tcp.local"), to: 0, from: remote)
        link.deliver(try Self.announcement([string], name: "_p2p._udp.local"), to: 0, from: remote)
        link.deliver(
            try Self.announcement(["dnsaddr=/ip4/10.0.0.2/udp/1/quic-v1/p2p/\(try Self.peer(1))"]), to: 0, from: remote)
        link.deliver([1, 2, 3], to: 0, from: remote)
        link.deliver(good + [UInt8](repeating: 0, count: 9_000), to: 0, from: remote)
        #expect(link.hosts[0].found.isEmpty)
        link.deliver(good, to: 0, from: remote)
        #expect(link.hosts[0].found.count == 1)
    }

    @Test("A peer is reported again with other addresses, and when it had been forgotten; not otherwise")
    func changes() throws {
        var link = Link(seed: 1)
        try link.join(Self.peer(1), at: 1)
        let peer = try Self.peer(2)
        let remote = NetworkAddress(ipv4: (10, 0, 0, 2), port: 5_353)
        let one = "dnsaddr=/ip4/10.0.0.2/udp/1/quic-v1/p2p/\(peer)"
        let two = "dnsaddr=/ip4/10.0.0.2/udp/2/quic-v1/p2p/\(peer)"
        link.deliver(try Self.announcement([one, two]), to: 0, from: remote)
        link.deliver(try Self.announcement([two, one, one]), to: 0, from: remote)
        #expect(link.hosts[0].reports == 1)
        link.deliver(try Self.announcement([two]), to: 0, from: remote)
        #expect(link.hosts[0].reports == 2 && link.hosts[0].found[peer]?.count == 1)
        link.now += 121_000_000_000
        link.deliver(try Self.announcement([two]), to: 0, from: remote)
        #expect(link.hosts[0].reports == 3)
        // A farewell is no sighting, and what comes after it is one.
        link.deliver(try Self.announcement([two], seconds: 0), to: 0, from: remote)
        #expect(link.hosts[0].reports == 3 && link.hosts[0].core.peerCount == 0)
        link.deliver(try Self.announcement([two]), to: 0, from: remote)
        #expect(link.hosts[0].reports == 4)
    }

    @Test("What comes over IPv4 and over each interface with IPv6 adds up, in any order and without further reports")
    func views() throws {
        var link = Link(seed: 1)
        try link.join(Self.peer(1), at: 1)
        let peer = try Self.peer(2)
        let remotes = [
            NetworkAddress(ipv6: 0xFE80_0000_0000_0000, 2, port: 5_353, scopeID: 4_000_000_002),
            NetworkAddress(ipv4: (10, 0, 0, 2), port: 5_353),
            NetworkAddress(ipv6: 0xFE80_0000_0000_0000, 2, port: 5_353, scopeID: 4_000_000_001),
        ]
        let strings = ["/ip4/10.0.0.2/udp/1/quic-v1", "/ip6/fe80::2/udp/1/quic-v1"].map { "dnsaddr=\($0)/p2p/\(peer)" }
        for remote in remotes { link.deliver(try Self.announcement(strings), to: 0, from: remote) }
        #expect(
            link.hosts[0].found[peer]?.map(\.description) == [
                "/ip4/10.0.0.2/udp/1/quic-v1", "/ip6zone/4000000001/ip6/fe80::2/udp/1/quic-v1",
                "/ip6zone/4000000002/ip6/fe80::2/udp/1/quic-v1",
            ])
        // The address over IPv4 is none that the first answer had not, so only the two over IPv6 were news.
        #expect(link.hosts[0].reports == 2)
        for remote in remotes { link.deliver(try Self.announcement(strings), to: 0, from: remote) }
        #expect(link.hosts[0].reports == 2)
        link.deliver(try Self.announcement(strings, seconds: 0), to: 0, from: remotes[1])
        #expect(link.hosts[0].core.peerCount == 0)
    }

    @Test("Who leaves says so")
    func farewell() throws {
        var link = Link(seed: 1)
        try link.join(Self.peer(1), at: 1)
        try link.join(Self.peer(2), at: 2)
        link.run(for: 1)
        #expect(link.hosts[0].core.peerCount == 1)
        let message = try #require(link.hosts[1].core.farewell(addresses: link.hosts[1].addresses))
        link.send(message, from: 1)
        #expect(link.hosts[0].core.peerCount == 0)
        #expect(link.hosts[1].core.farewell(addresses: []) == nil)
    }

    @Test("256 peers are remembered and 16 addresses of each, whoever invents more")
    func bounds() throws {
        var link = Link(seed: 1)
        try link.join(Self.peer(1), at: 1)
        let remote = NetworkAddress(ipv4: (10, 0, 0, 2), port: 5_353)
        for number in 0..<1_000 {
            let key = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
            let peer = PeerID(
                publicKey: try PublicKeyMessage(type: .ed25519, key: key + [UInt8](repeating: 9, count: 30)))
            let strings = (1...20).map { "dnsaddr=/ip4/10.0.0.2/udp/\($0)/quic-v1/p2p/\(peer)" }
            link.now += 10_000_000
            link.deliver(try Self.announcement(strings), to: 0, from: remote)
            #expect(link.hosts[0].found[peer]?.count == 16)
        }
        #expect(link.hosts[0].core.peerCount == 256)
    }

    @Test("Beyond 500 datagrams in one second nothing is read, and in the next second it is again")
    func flood() throws {
        var link = Link(seed: 1)
        try link.join(Self.peer(1), at: 1)
        let remote = NetworkAddress(ipv4: (10, 0, 0, 2), port: 5_353)
        let good = try Self.announcement(["dnsaddr=/ip4/10.0.0.2/udp/1/quic-v1/p2p/\(try Self.peer(2))"])
        for _ in 0..<500 { link.deliver([0], to: 0, from: remote) }
        link.deliver(good, to: 0, from: remote)
        #expect(link.hosts[0].found.isEmpty)
        link.now += 1_000_000_000
        link.deliver(good, to: 0, from: remote)
        #expect(link.hosts[0].found.count == 1)
    }
}

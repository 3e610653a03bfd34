internal import QUIC
internal import Synchronization
internal import Testing

@testable internal import LibP2P

/// Names that a test makes up, and who asked for them.
private final class FakeNames: NameSource {
    let hosts: [String: [String]]
    let texts: [String: [String]]
    private let questions = Mutex<[String]>([])

    init(hosts: [String: [String]] = [:], texts: [String: [String]] = [:]) {
        self.hosts = hosts
        self.texts = texts
    }

    var asked: [String] { self.questions.withLock { $0.sorted() } }

    func addresses(of host: String, family: NetworkAddress.Family?) async throws(LibP2PError) -> [NetworkAddress] {
        self.questions.withLock { $0.append(host) }
        let found = (self.hosts[host] ?? []).compactMap { NetworkAddress($0, port: 0) }
        let wanted = found.filter { family == nil || $0.family == family }
        guard !wanted.isEmpty else { throw LibP2PError(.noAddress, "there is no host \(host)") }
        return wanted
    }

    func texts(of name: String) async throws(LibP2PError) -> [String] {
        self.questions.withLock { $0.append(name) }
        guard let texts = self.texts[name] else { throw LibP2PError(.noAddress, "there is no name \(name)") }
        return texts
    }
}

/// A name server that never answers.
private struct SilentNames: NameSource {
    func addresses(of host: String, family: NetworkAddress.Family?) async throws(LibP2PError) -> [NetworkAddress] {
        throw await self.wait()
    }

    func texts(of name: String) async throws(LibP2PError) -> [String] { throw await self.wait() }

    private func wait() async -> LibP2PError {
        let (never, continuation) = AsyncStream.makeStream(of: Void.self)
        // Ends when the task is cancelled.
        for await _ in never {}
        continuation.finish()
        return LibP2PError(.cancelled, "cancelled")
    }
}

@Suite(.timeLimit(.minutes(5))) struct AddressResolverTests {
    private static let a: String = "12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A"
    private static let b: String = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"

    private func resolve(
        _ text: String, _ source: any NameSource, _ configuration: AddressResolver.Configuration = .init()
    ) async throws -> [String] {
        try await AddressResolver(configuration, source: source).resolve(Multiaddress(text)).map(\.description)
    }

    private func failure(
        _ text: String, _ source: any NameSource, _ configuration: AddressResolver.Configuration = .init()
    ) async -> LibP2PError? {
        await #expect(throws: LibP2PError.self) { try await self.resolve(text, source, configuration) }
    }

    @Test("An address without a name is its own answer, and nobody is asked")
    func literal() async throws {
        let names = FakeNames()
        let text = "/ip4/192.0.2.1/udp/4001/quic-v1"
        #expect(try await self.resolve(text, names) == [text])
        #expect(names.asked.isEmpty)
    }

    @Test("A host name stands for its addresses of the family, and the rest stays")
    func hosts() async throws {
        let names = FakeNames(hosts: ["a.example": ["2001:db8::1", "192.0.2.1", "fe80::1%7"]])
        #expect(
            try await self.resolve("/dns/a.example/udp/4001/quic-v1/p2p/\(Self.a)", names) == [
                "/ip6/2001:db8::1/udp/4001/quic-v1/p2p/\(Self.a)", "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/\(Self.a)",
                "/ip6zone/7/ip6/fe80::1/udp/4001/quic-v1/p2p/\(Self.a)",
            ])
        #expect(try await self.resolve("/dns4/a.example/tcp/1", names) == ["/ip4/192.0.2.1/tcp/1"])
        #expect(try await self.resolve("/dns6/a.example", names).first == "/ip6/2001:db8::1")
        #expect(await self.failure("/dns4/b.example/tcp/1", names)?.code == .noAddress)
    }

    @Test("A dnsaddr stands for the addresses in its TXT records, and what is no address there does not count")
    func dnsaddr() async throws {
        let one = "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/\(Self.a)"
        let two = "/ip6/2001:db8::1/udp/4001/quic-v1/p2p/\(Self.b)"
        let names = FakeNames(texts: [
            "_dnsaddr.a.example": [
                "dnsaddr=\(one)", "dnsaddr=\(two)", "dnsaddr=\(one)", "dnsaddr=", "dnsaddr=/nonsense", "v=spf1 -all",
                "",
                "DNSADDR=\(two)",
            ]
        ])
        #expect(try await self.resolve("/dnsaddr/a.example", names) == [one, two])
        #expect(names.asked == ["_dnsaddr.a.example"])
    }

    @Test("Of a dnsaddr with a peer, only the addresses of that peer count")
    func suffix() async throws {
        let one = "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/\(Self.a)"
        let two = "/ip6/2001:db8::1/udp/4001/quic-v1/p2p/\(Self.b)"
        let none = "/ip4/192.0.2.3/udp/4001/quic-v1"
        let names = FakeNames(texts: ["_dnsaddr.a.example": [one, two, none].map { "dnsaddr=\($0)" }])
        #expect(try await self.resolve("/dnsaddr/a.example/p2p/\(Self.b)", names) == [two])
        #expect(
            try await self.resolve("/dnsaddr/a.example/p2p/\(Self.a)/p2p-circuit/p2p/\(Self.b)", names) == [
                "\(one)/p2p-circuit/p2p/\(Self.b)"
            ])
        let error = await self.failure(
            "/dnsaddr/a.example/p2p/\(try PeerID(publicKey: .init(type: .ed25519, key: [UInt8](repeating: 7, count: 32))))",
            names)
        #expect(error?.code == .noAddress)
    }

    @Test("Names behind a dnsaddr are followed, names of hosts and further dnsaddrs")
    func nested() async throws {
        let names = FakeNames(
            hosts: ["h.example": ["192.0.2.7"]],
            texts: [
                "_dnsaddr.a.example": [
                    "dnsaddr=/dnsaddr/b.example/p2p/\(Self.a)", "dnsaddr=/dnsaddr/gone.example",
                    "dnsaddr=/dns4/h.example/udp/1/quic-v1",
                ],
                "_dnsaddr.b.example": ["dnsaddr=/dns/h.example/udp/2/quic-v1/p2p/\(Self.a)", "dnsaddr=/ip4/192.0.2.9"],
            ])
        #expect(
            try await self.resolve("/dnsaddr/a.example", names) == [
                "/ip4/192.0.2.7/udp/1/quic-v1", "/ip4/192.0.2.7/udp/2/quic-v1/p2p/\(Self.a)",
            ])
    }

    @Test("Four dnsaddrs are followed, and not a fifth; a circle ends")
    func depth() async throws {
        func chain(_ count: Int) -> FakeNames {
            var texts: [String: [String]] = [:]
            for number in 1..<count { texts["_dnsaddr.\(number).example"] = ["dnsaddr=/dnsaddr/\(number + 1).example"] }
            texts["_dnsaddr.\(count).example"] = ["dnsaddr=/dns4/h.example/tcp/1"]
            return FakeNames(hosts: ["h.example": ["192.0.2.7"]], texts: texts)
        }
        #expect(try await self.resolve("/dnsaddr/1.example", chain(4)) == ["/ip4/192.0.2.7/tcp/1"])
        let five = chain(5)
        #expect(await self.failure("/dnsaddr/1.example", five)?.code == .tooLong)
        #expect(five.asked.count == 4)
        let circle = FakeNames(texts: ["_dnsaddr.a.example": ["dnsaddr=/dnsaddr/a.example"]])
        #expect(await self.failure("/dnsaddr/a.example", circle)?.code == .tooLong)
    }

    @Test("No more than 100 addresses come back, and no more than 32 names are looked up")
    func bounds() async throws {
        let many = (0..<90).map { "dnsaddr=/ip4/192.0.2.\($0)/udp/1/quic-v1" }
        let more = (0..<90).map { "dnsaddr=/ip4/198.51.100.\($0)/udp/1/quic-v1" }
        let wide = FakeNames(texts: [
            "_dnsaddr.a.example": ["dnsaddr=/dnsaddr/b.example"] + many, "_dnsaddr.b.example": more,
        ])
        #expect(try await self.resolve("/dnsaddr/a.example", wide).count == 100)
        let names = (0..<50).map { "dnsaddr=/dns4/h\($0).example/tcp/1" }
        var hosts: [String: [String]] = [:]
        for number in 0..<50 { hosts["h\(number).example"] = ["192.0.2.\(number)"] }
        let deep = FakeNames(hosts: hosts, texts: ["_dnsaddr.a.example": names])
        #expect(try await self.resolve("/dnsaddr/a.example", deep).count == 31)
        #expect(deep.asked.count == 32)
    }

    @Test("The limits are those of the configuration")
    func configuration() async throws {
        var configuration = AddressResolver.Configuration()
        configuration.maximumAddresses = 1
        let names = FakeNames(
            hosts: ["h.example": ["192.0.2.1", "192.0.2.2"]],
            texts: ["_dnsaddr.a.example": ["dnsaddr=/dns4/h.example/tcp/1"]])
        #expect(try await self.resolve("/dns4/h.example", names, configuration) == ["/ip4/192.0.2.1"])
        configuration.maximumQueries = 0
        #expect(await self.failure("/dns4/h.example", names, configuration)?.code == .tooLong)
        configuration = .init()
        configuration.maximumDepth = 0
        #expect(try await self.resolve("/dns4/h.example", names, configuration).count == 2)
        #expect(await self.failure("/dnsaddr/a.example", names, configuration)?.code == .tooLong)
    }

    @Test("A name server that never answers is given up when the time is over")
    func timeLimit() async {
        var configuration = AddressResolver.Configuration()
        configuration.timeLimit = .milliseconds(1)
        let error = await self.failure("/dnsaddr/a.example", SilentNames(), configuration)
        #expect(error?.code == .timedOut)
    }

    @Test("A cancelled task does not wait for its answer")
    func cancelled() async {
        let task = Task { await self.failure("/dns/a.example/tcp/1", SilentNames()) }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }
}

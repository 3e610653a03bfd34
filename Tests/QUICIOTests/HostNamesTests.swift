internal import Testing

@testable internal import QUICIO

@Suite(.timeLimit(.minutes(5))) struct HostNamesTests {
    @Test("A literal is its own answer, with the port")
    func literal() async throws {
        #expect(try await HostNames.resolve("192.0.2.9", port: 5).map(\.description) == ["192.0.2.9:5"])
        #expect(try await HostNames.resolve("2001:db8::9", port: 5, family: .ipv6).map(\.port) == [5])
        let error = await #expect(throws: ResolutionError.self) {
            try await HostNames.resolve("2001:db8::9", port: 5, family: .ipv4)
        }
        #expect(error?.reason == .notFound)
    }

    @Test("localhost is a loopback address, of the family that was asked for")
    func localhost() async throws {
        let addresses = try await HostNames.resolve("localhost", port: 443)
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { $0.isLoopback && $0.port == 443 })
        #expect(Set(addresses).count == addresses.count)
        let four = try await HostNames.resolve("localhost", port: 443, family: .ipv4)
        #expect(four == [SocketAddress.loopback4.withPort(443)])
    }

    @Test("A host that does not exist is an error that names it and a remedy")
    func noSuchHost() async {
        let error = await #expect(throws: ResolutionError.self) {
            try await HostNames.resolve("no-such-host.invalid", port: 1)
        }
        // Without a name server the answer is that there is none.
        #expect(error?.reason == .notFound || error?.reason == .temporary)
        #expect(error?.description.contains("no-such-host.invalid") == true)
        #expect(error.map { $0.message.contains("Check") } == true)
    }

    @Test(
        "What cannot be a host name is refused without asking",
        arguments: ["", "a\0b", String(repeating: "a", count: 256)])
    func malformed(name: String) async {
        let error = await #expect(throws: ResolutionError.self) { try await HostNames.resolve(name, port: 1) }
        #expect(error?.reason == .malformed)
    }

    @Test("A cancelled task does not wait for its answer")
    func cancelled() async {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await #expect(throws: ResolutionError.self) { try await HostNames.resolve("host.invalid", port: 1) }
        }
        task.cancel()
        #expect(await task.value?.reason == .cancelled)
    }

    @Test("The first answer of a look-up counts, whether it comes before or after its asker")
    func firstAnswer() async {
        let lookup = HostLookup(host: "a", port: 1, family: nil)
        lookup.finish(.success([.loopback4]))
        lookup.finish(.failure(ResolutionError("a", .failed, "late")))
        let answer = await withCheckedContinuation { lookup.wait($0) }
        #expect(answer == .success([.loopback4]))
    }

    @Test("Look-ups beyond the limit are refused, and all others are answered")
    func bounded() async {
        let pool = HostLookup.Pool(threads: 1, waiting: 4)
        let lookups = (0..<200).map { _ in HostLookup(host: "localhost", port: 1, family: .ipv4) }
        for lookup in lookups { pool.submit(lookup) }
        var refused = 0
        for lookup in lookups {
            switch await withCheckedContinuation({ lookup.wait($0) }) {
            case .success(let addresses): #expect(addresses == [SocketAddress.loopback4.withPort(1)])
            case .failure(let error):
                #expect(error.reason == .tooManyLookups)
                refused += 1
            }
        }
        #expect(refused < 200)
        let none = HostLookup.Pool(threads: 1, waiting: 0)
        let lookup = HostLookup(host: "localhost", port: 1, family: nil)
        none.submit(lookup)
        #expect(lookup.isAnswered)
    }

    @Test("The interfaces of the host include a loopback address that is up")
    func interfaces() throws {
        let all = try NetworkInterface.all()
        let loopback = try #require(all.first { $0.address == .loopback4 })
        #expect(loopback.isUp && loopback.isLoopback && !loopback.name.isEmpty)
        #expect(all.allSatisfy { $0.address.port == 0 })
    }
}

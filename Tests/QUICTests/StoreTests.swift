import QUICEngine
import Synchronization
import Testing

@testable import QUIC

@Suite("Memory store")
struct StoreTests {
    /// A clock that tests set, and the warnings that a store gave.
    final class Bench: Sendable {
        let time = Atomic<UInt64>(1_000_000_000)
        let warnings = Mutex<[String]>([])
        func pass(_ duration: Duration) { self.time.add(duration.clampedNanoseconds, ordering: .relaxed) }
        var now: @Sendable () -> UInt64 { { self.time.load(ordering: .relaxed) } }
        var warned: [String] { self.warnings.withLock { $0 } }
    }

    static func server(_ number: Int) -> ServerKey {
        ServerKey(host: "host\(number).test", port: 443, applicationProtocol: "test")
    }

    /// In the form that tickets are stored in, with a session that only this store looks at.
    static func ticket(_ number: Int) throws -> ResumptionTicket {
        var bytes = Array("TERN1".utf8) + [1, 0, 0, 0, 1]
        for part in [Array("host.test".utf8), Array("test".utf8), [], [], [UInt8(number & 0xff), UInt8(number >> 8)]] {
            bytes += [0, UInt8(part.count)] + part
        }
        return try #require(ResumptionTicket(bytes))
    }

    @Test("a ticket is given out once, the newest first, and to its server only")
    func tickets() throws {
        let store = MemoryStore()
        for number in 0..<3 { store.store(try Self.ticket(number), for: Self.server(1)) }
        #expect(store.takeTicket(for: Self.server(2)) == nil)
        let taken = (0..<4).map { _ in store.takeTicket(for: Self.server(1)) }
        #expect(taken == [try Self.ticket(2), try Self.ticket(1), try Self.ticket(0), nil])
    }

    @Test("tokens and tickets do not mix, and a token is given out once")
    func tokens() throws {
        let store = MemoryStore()
        store.store(token: [1, 2], for: Self.server(1))
        store.store(try Self.ticket(1), for: Self.server(1))
        store.store(token: [], for: Self.server(1))
        let taken = (0..<2).map { _ in store.takeToken(for: Self.server(1)) }
        #expect(taken == [[1, 2], nil])
        #expect(store.takeTicket(for: Self.server(1)) == (try Self.ticket(1)))
    }

    @Test("a server is its host in any case, its port and its application protocol")
    func keys() {
        let store = MemoryStore()
        store.store(token: [1], for: ServerKey(host: "Host.Test", port: 1, applicationProtocol: "a"))
        #expect(store.takeToken(for: ServerKey(host: "host.test", port: 2, applicationProtocol: "a")) == nil)
        #expect(store.takeToken(for: ServerKey(host: "host.test", port: 1, applicationProtocol: "b")) == nil)
        #expect(store.takeToken(for: ServerKey(host: "hOST.tEST", port: 1, applicationProtocol: "a")) == [1])
    }

    @Test("of too many for one server the oldest go")
    func entriesPerServer() {
        let store = MemoryStore()
        for number in 0..<6 as Range<UInt8> { store.store(token: [number], for: Self.server(1)) }
        let taken = (0..<5).map { _ in store.takeToken(for: Self.server(1)) }
        #expect(taken == [[5], [4], [3], [2], nil])
    }

    @Test("of too many servers the one that was not used for longest is forgotten")
    func servers() {
        var limits = StoreLimits()
        limits.servers = 3
        let store = MemoryStore(limits: limits)
        for number in 1...3 {
            store.store(token: [1], for: Self.server(number))
            store.store(token: [2], for: Self.server(number))
        }
        #expect(store.takeToken(for: Self.server(1)) == [2])
        store.store(token: [1], for: Self.server(4))
        let left = (1...4).map { store.takeToken(for: Self.server($0)) }
        #expect(left == [[1], nil, [2], [1]])
    }

    @Test("what is over goes before what is good")
    func expiredServersGoFirst() {
        let bench = Bench()
        var limits = StoreLimits()
        limits.servers = 2
        limits.age = .seconds(100)
        let store = MemoryStore(limits: limits, now: bench.now)
        store.store(token: [1], for: Self.server(1))
        bench.pass(.seconds(60))
        store.store(token: [2], for: Self.server(2))
        bench.pass(.seconds(60))
        store.store(token: [3], for: Self.server(3))
        let left = (1...3).map { store.takeToken(for: Self.server($0)) }
        #expect(left == [nil, [2], [3]])
    }

    @Test("nothing is given out after a week")
    func age() {
        let bench = Bench()
        let store = MemoryStore(limits: StoreLimits(), now: bench.now)
        store.store(token: [1], for: Self.server(1))
        store.store(token: [2], for: Self.server(2))
        bench.pass(.seconds(7 * 86_400 - 1))
        #expect(store.takeToken(for: Self.server(1)) == [1])
        bench.pass(.seconds(1))
        #expect(store.takeToken(for: Self.server(2)) == nil)
    }

    @Test("limits of zero keep nothing, and what is too large is not kept", arguments: [0, 1, 2])
    func zero(which: Int) {
        var limits = StoreLimits()
        switch which {
        case 0: limits.servers = 0
        case 1: limits.entriesPerServer = 0
        default: limits.entrySize = 2
        }
        let store = MemoryStore(limits: limits)
        store.store(token: [1, 2, 3], for: Self.server(1))
        #expect(store.takeToken(for: Self.server(1)) == nil)
    }

    @Test("of many takers at once each token goes to one")
    func concurrent() async {
        var limits = StoreLimits()
        limits.entriesPerServer = 200
        let store = MemoryStore(limits: limits)
        for number in 0..<200 as Range<UInt8> { store.store(token: [number], for: Self.server(1)) }
        let taken = await withTaskGroup(of: [[UInt8]].self) { group in
            for _ in 0..<4 {
                group.addTask { (0..<100).compactMap { _ in store.takeToken(for: Self.server(1)) } }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(taken).count == 200)
        #expect(taken.count == 200)
    }
}

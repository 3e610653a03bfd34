import Testing

@testable import QUICEngine

@Suite("Replay memory")
struct ReplayMemoryTests {
    @Test("a key is new once")
    func once() {
        let memory = ProcessReplayMemory()
        #expect(memory.capacity == 262_144)
        #expect(memory.insert([1], now: 90, expiry: 100))
        #expect(!memory.insert([1], now: 90, expiry: 100))
        #expect(!memory.insert([1], now: 95, expiry: 105))
        #expect(memory.insert([2], now: 90, expiry: 100))
        #expect(memory.insert([], now: 90, expiry: 100))
        #expect(!memory.insert([], now: 90, expiry: 100))
    }

    @Test("a full memory refuses what is new, and still knows what is old")
    func full() {
        let memory = ProcessReplayMemory(capacity: 3)
        for key in 0..<3 { #expect(memory.insert([UInt8(key)], now: 90, expiry: 100)) }
        #expect(!memory.insert([9], now: 90, expiry: 100))
        #expect(!memory.insert([0], now: 90, expiry: 100))
    }

    @Test("what has expired makes room, however long each was to be remembered")
    func expiry() {
        let memory = ProcessReplayMemory(capacity: 2)
        #expect(memory.insert([1], now: 90, expiry: 100))
        #expect(memory.insert([2], now: 90, expiry: 20_000))
        #expect(!memory.insert([3], now: 99, expiry: 109))
        #expect(memory.insert([3], now: 100, expiry: 110))
        #expect(!memory.insert([2], now: 100, expiry: 110))
        #expect(!memory.insert([4], now: 109, expiry: 119))
        #expect(memory.insert([4], now: 110, expiry: 120))
        #expect(!memory.insert([2], now: 110, expiry: 120))
    }

    @Test("a clock that goes back brings nothing to oblivion")
    func clockGoesBack() {
        let memory = ProcessReplayMemory(capacity: 2)
        #expect(memory.insert([1], now: 90, expiry: 100))
        #expect(!memory.insert([1], now: 10, expiry: 20))
        #expect(memory.insert([2], now: 10, expiry: 101))
        #expect(!memory.insert([2], now: 95, expiry: 105))
    }

    @Test("a memory has room for one attempt at least")
    func smallest() {
        let memory = ProcessReplayMemory(capacity: -5)
        #expect(memory.capacity == 1)
        #expect(memory.insert([1], now: 0, expiry: 1))
        #expect(!memory.insert([2], now: 0, expiry: 1))
    }

    @Test("of many at once exactly one is the first")
    func concurrent() async {
        let memory = ProcessReplayMemory()
        let wins = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<500).count { memory.insert([UInt8($0 & 0xff), UInt8($0 >> 8)], now: 90, expiry: 100) }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wins == 500)
    }

    @Test("what GnuTLS asks is remembered by the binder alone, past the end of the window")
    func storage() {
        final class Noting: ReplayMemory {
            let asked: @Sendable ([UInt8], Int64, Int64) -> Void
            init(_ asked: @escaping @Sendable ([UInt8], Int64, Int64) -> Void) { self.asked = asked }
            func insert(_ key: [UInt8], now: Int64, expiry: Int64) -> Bool {
                self.asked(key, now, expiry)
                return true
            }
        }
        let binder = [UInt8](repeating: 7, count: 32)
        let memory = Noting { key, now, expiry in
            #expect(key == binder)
            #expect(now == 400)
            #expect(expiry > 1_000)
        }
        let storage = ReplayStorage(memory, window: 600)
        #expect(storage.insert([UInt8](repeating: 1, count: 12) + binder, expiry: 1_000))
        #expect(!storage.insert([UInt8](repeating: 1, count: 12) + binder.dropLast(), expiry: 1_000))
        #expect(!storage.insert([1], expiry: 1_000))
    }

    @Test("two servers that share a memory know each other's attempts")
    func sharedMemory() {
        let memory = ProcessReplayMemory()
        let servers = [1, 2].map { _ in ReplayStorage(memory, window: 600) }
        let binder = [UInt8](repeating: 7, count: 32)
        let prefixes = [UInt8(1), 2].map { [UInt8](repeating: $0, count: 12) }
        #expect(servers[0].insert(prefixes[0] + binder, expiry: 1_000))
        #expect(!servers[1].insert(prefixes[1] + binder, expiry: 1_001))
    }

    @Test("a clock that the library does not let us replace is not set back")
    func irreplaceableClock() throws {
        #expect(!LibraryClock.replace("gnutls_has_no_such_function"))
        #expect(LibraryClock.replace("_gnutls_global_set_gettime_function"))
        var hasRun = false
        #expect(!LibraryClock.setBack(by: 60, notBefore: .min) { hasRun = true }, "nobody asked for the time")
        #expect(hasRun)
    }

    @Test("more than fits may be there at first: it is kept, and nothing new comes in")
    func overfull() {
        var table = ReplayTable(capacity: 1, expiries: [[1]: 100, [2]: 90])
        let attempts: [(key: UInt8, now: Int64)] = [(3, 80), (1, 81), (2, 81), (3, 99), (3, 100)]
        let isNew = attempts.map { table.insert([$0.key], now: $0.now, expiry: 200) }
        #expect(isNew == [false, false, false, false, true])
        #expect(table.expiries == [[3]: 200])
    }

    @Test("a memory that says nothing else has never lost anything")
    func completeness() { #expect(ProcessReplayMemory().completeSince == .min) }

    @Test(
        "the window is brought inside a second and a week",
        arguments: [(0, 1), (1, 1), (600, 600), (10_000_000, 604_800)] as [(Int64, Int64)])
    func window(wanted: Int64, window: Int64) throws {
        #expect(try ReplayProtection(window: .seconds(wanted)).window == .seconds(window))
        #expect(try ReplayProtection().window == .seconds(21_600))
    }
}

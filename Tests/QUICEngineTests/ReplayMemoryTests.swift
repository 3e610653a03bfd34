import QUICEngine
import Testing

@Suite("Replay memory")
struct ReplayMemoryTests {
    @Test("a key is new once")
    func once() {
        let memory = ProcessReplayMemory()
        #expect(memory.capacity == 65_536)
        #expect(memory.insert([1], expiry: 100))
        #expect(!memory.insert([1], expiry: 100))
        #expect(!memory.insert([1], expiry: 105))
        #expect(memory.insert([2], expiry: 100))
        #expect(memory.insert([], expiry: 100))
        #expect(!memory.insert([], expiry: 100))
    }

    @Test("a full memory refuses what is new, and still knows what is old")
    func full() {
        let memory = ProcessReplayMemory(capacity: 3)
        for key in 0..<3 { #expect(memory.insert([UInt8(key)], expiry: 100)) }
        #expect(!memory.insert([9], expiry: 100))
        #expect(!memory.insert([0], expiry: 100))
    }

    @Test("what has expired makes room")
    func expiry() {
        let memory = ProcessReplayMemory(capacity: 2)
        #expect(memory.insert([1], expiry: 100))
        #expect(memory.insert([2], expiry: 105))
        #expect(!memory.insert([3], expiry: 109))
        // Ten seconds after the first: it is over, the second is not.
        #expect(memory.insert([3], expiry: 110))
        #expect(!memory.insert([2], expiry: 110))
        #expect(!memory.insert([4], expiry: 110))
    }

    @Test("a memory has room for one attempt at least")
    func smallest() {
        let memory = ProcessReplayMemory(capacity: -5)
        #expect(memory.capacity == 1)
        #expect(memory.insert([1], expiry: 1))
        #expect(!memory.insert([2], expiry: 1))
    }

    @Test("of many at once exactly one is the first")
    func concurrent() async {
        let memory = ProcessReplayMemory()
        let wins = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<500).count { memory.insert([UInt8($0 & 0xff), UInt8($0 >> 8)], expiry: 100) } }
            }
            return await group.reduce(0, +)
        }
        #expect(wins == 500)
    }
}

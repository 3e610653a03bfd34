internal import Testing

@testable internal import QUICIO

@Suite struct TimerHeapTests {
    @Test("An empty heap has no earliest timer and nothing expires")
    func empty() {
        var heap = TimerHeap<Int>()
        #expect(heap.isEmpty)
        #expect(heap.earliest == nil)
        #expect(heap.popExpired(now: .max) == nil)
        #expect(heap.remove(1) == nil)
        #expect(heap[1] == nil)
    }

    @Test("Timers expire in the order of their instants")
    func order() {
        var heap = TimerHeap<String>()
        heap.set("c", at: 30)
        heap.set("a", at: 10)
        heap.set("b", at: 20)
        #expect(heap.earliest == 10)
        #expect(heap.drain(until: .max) == ["a", "b", "c"])
        #expect(heap.isEmpty)
    }

    @Test("A timer expires at its instant and not a nanosecond before")
    func boundary() {
        var heap = TimerHeap<Int>()
        heap.set(1, at: 1_000)
        #expect(heap.popExpired(now: 999) == nil)
        #expect(heap.count == 1)
        #expect(heap.popExpired(now: 1_000) == 1)
        #expect(heap[1] == nil)
    }

    @Test("The first and the last instant of time work like any other")
    func extremes() {
        var heap = TimerHeap<Int>()
        heap.set(1, at: .max)
        heap.set(2, at: 0)
        #expect(heap.popExpired(now: 0) == 2)
        #expect(heap.popExpired(now: .max - 1) == nil)
        #expect(heap.popExpired(now: .max) == 1)
    }

    @Test("Timers of one instant expire in the order in which they were set")
    func ties() {
        var heap = TimerHeap<Int>()
        for handle in 0..<100 { heap.set(handle, at: 5) }
        #expect(heap.drain(until: 5) == Array(0..<100))
    }

    @Test("Setting the instant that a timer has keeps its turn, moving it there and back gives it up")
    func turns() {
        var heap = TimerHeap<Int>()
        for handle in 0..<3 { heap.set(handle, at: 5) }
        heap.set(0, at: 5)
        heap.set(1, at: 6)
        heap.set(1, at: 5)
        #expect(heap.drain(until: 5) == [0, 2, 1])
    }

    @Test("A timer can be moved in both directions, and only its last instant counts")
    func moves() {
        var heap = TimerHeap<Int>()
        for handle in 0..<50 { heap.set(handle, at: UInt64(handle) * 10 + 1_000) }
        heap.set(40, at: 1)
        heap.set(0, at: 9_999)
        #expect(heap.count == 50)
        #expect(heap.earliest == 1)
        #expect(heap[0] == 9_999)
        let expected = [40] + Array(1..<40) + Array(41..<50) + [0]
        #expect(heap.drain(until: .max) == expected)
    }

    @Test("Removing a timer leaves the others alone and returns its instant")
    func removal() {
        var heap = TimerHeap<Int>()
        for handle in 0..<20 { heap.set(handle, at: UInt64(100 - handle)) }
        #expect(heap.remove(7) == 93)
        #expect(heap.remove(7) == nil)
        #expect(heap.drain(until: .max) == (0..<20).reversed().filter { $0 != 7 })
    }

    @Test("A heap lets go of a handle together with its timer")
    func releasesHandles() {
        final class Owner {}
        struct Key: Hashable {
            let number: Int
            let owner: Owner
            static func == (lhs: Key, rhs: Key) -> Bool { lhs.number == rhs.number }
            func hash(into hasher: inout Hasher) { hasher.combine(self.number) }
        }
        var heap = TimerHeap<Key>()
        weak var removed: Owner?
        weak var expired: Owner?
        do {
            let (first, second) = (Owner(), Owner())
            (removed, expired) = (first, second)
            heap.set(Key(number: 1, owner: first), at: 1)
            heap.set(Key(number: 2, owner: second), at: 2)
            heap.remove(Key(number: 1, owner: first))
            #expect(heap.popExpired(now: 2)?.number == 2)
        }
        #expect(heap.isEmpty)
        #expect(removed == nil)
        #expect(expired == nil)
    }

    @Test("Moving timers, and setting as many as were removed, takes no more room")
    func steadyState() {
        var random = SplitMix64(seed: 17)
        var heap = TimerHeap<Int>()
        for handle in 0..<1_000 { heap.set(handle, at: .random(in: 0..<1_000_000, using: &random)) }
        for handle in 0..<1_000 { heap.remove(handle) }
        for handle in 0..<1_000 { heap.set(handle, at: .random(in: 0..<1_000_000, using: &random)) }
        let before = heap.capacities
        for _ in 0..<20_000 {
            let handle = Int.random(in: 0..<1_000, using: &random)
            if Bool.random(using: &random) { heap.remove(handle) }
            heap.set(handle, at: .random(in: 0..<1_000_000, using: &random))
        }
        #expect(heap.count == 1_000)
        #expect(heap.capacities == before)
    }

    @Test("A long run of random steps agrees with a sorted array", arguments: 1...8 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var heap = TimerHeap<Int>()
        var model = SortedTimers()
        // Few instants make ties common; odd seeds have few handles, so that most steps hit one that is set.
        let handles = seed.isMultiple(of: 2) ? 200 : 12
        for step in 0..<4_000 {
            let handle = Int.random(in: 0..<handles, using: &random)
            let instant = UInt64.random(in: 0..<64, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0...5:
                heap.set(handle, at: instant)
                model.set(handle, at: instant)
            case 6...7:
                #expect(heap.remove(handle) == model.remove(handle), "seed \(seed), step \(step)")
            default:
                #expect(heap.popExpired(now: instant) == model.popExpired(now: instant), "seed \(seed), step \(step)")
            }
            #expect(heap.earliest == model.timers.first?.instant, "seed \(seed), step \(step)")
            #expect(heap.count == model.timers.count, "seed \(seed), step \(step)")
            #expect(heap[handle] == model[handle], "seed \(seed), step \(step)")
        }
        #expect(heap.drain(until: .max) == model.timers.map(\.handle), "seed \(seed)")
    }
}

extension TimerHeap {
    fileprivate mutating func drain(until now: UInt64) -> [Handle] {
        var handles: [Handle] = []
        while let handle = self.popExpired(now: now) { handles.append(handle) }
        return handles
    }
}

/// What `TimerHeap` promises, done the slow way.
private struct SortedTimers {
    var timers: [(handle: Int, instant: UInt64)] = []

    subscript(handle: Int) -> UInt64? { self.timers.first { $0.handle == handle }?.instant }

    mutating func set(_ handle: Int, at instant: UInt64) {
        guard self[handle] != instant else { return }
        self.remove(handle)
        let index = self.timers.firstIndex { $0.instant > instant } ?? self.timers.count
        self.timers.insert((handle, instant), at: index)
    }

    @discardableResult
    mutating func remove(_ handle: Int) -> UInt64? {
        guard let index = self.timers.firstIndex(where: { $0.handle == handle }) else { return nil }
        return self.timers.remove(at: index).instant
    }

    mutating func popExpired(now: UInt64) -> Int? {
        guard let first = self.timers.first, first.instant <= now else { return nil }
        return self.timers.removeFirst().handle
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Send scheduler")
struct SendSchedulerTests {
    private let pool = ChunkPool()

    private func entry(_ number: Int, urgency: Int = 3, isIncremental: Bool = true, packets: Int = 1_000) -> StreamEntry
    {
        let entry = StreamEntry(
            id: StreamID(Int64(number) * 4), isLocal: true,
            priority: StreamPriority(urgency: urgency, isIncremental: isIncremental))
        entry.sendQueue.append([UInt8](repeating: 0, count: packets).span.bytes, from: self.pool)
        return entry
    }

    /// Sends `count` packets of one byte each and returns the numbers of the streams that they came from.
    private func serve(_ count: Int, with scheduler: inout SendScheduler) -> [Int] {
        var order: [Int] = []
        for _ in 0..<count {
            guard let entry = scheduler.next() else { break }
            order.append(Int(entry.id.rawValue / 4))
            entry.sendQueue.commit(1)
            if !entry.hasSomethingToSend { scheduler.unschedule(entry) }
            scheduler.didSendPacket(of: entry)
        }
        return order
    }

    @Test("nobody is served while nobody has anything to send")
    func nothing() {
        var scheduler = SendScheduler(starvationBound: 32)
        let idle = StreamEntry(id: StreamID(0), isLocal: true)
        scheduler.schedule(idle)
        let next = scheduler.next()
        #expect(next == nil)
        #expect(!idle.isReady)
    }

    @Test("more urgent streams go first, in whatever order they came")
    func urgency() {
        var scheduler = SendScheduler(starvationBound: 1_000)
        for (number, urgency) in [(0, 5), (1, 0), (2, 7), (3, 3)] {
            scheduler.schedule(self.entry(number, urgency: urgency, packets: 3))
        }
        #expect(self.serve(100, with: &scheduler) == [1, 1, 1, 3, 3, 3, 0, 0, 0, 2, 2, 2])
    }

    @Test("incremental streams of a class take turns packet by packet")
    func roundRobin() {
        var scheduler = SendScheduler(starvationBound: 32)
        for number in 0..<3 { scheduler.schedule(self.entry(number, packets: number + 1)) }
        #expect(self.serve(100, with: &scheduler) == [0, 1, 2, 1, 2, 2])
    }

    @Test("streams that are not incremental are served to their end, in the order in which they became ready")
    func inOrder() {
        var scheduler = SendScheduler(starvationBound: 32)
        for number in [2, 0, 1] { scheduler.schedule(self.entry(number, isIncremental: false, packets: 3)) }
        #expect(self.serve(100, with: &scheduler) == [2, 2, 2, 0, 0, 0, 1, 1, 1])
    }

    @Test("scheduling twice gives one place in line")
    func once() {
        var scheduler = SendScheduler(starvationBound: 32)
        let first = self.entry(0)
        scheduler.schedule(first)
        scheduler.schedule(first)
        scheduler.schedule(self.entry(1))
        scheduler.schedule(first)
        #expect(self.serve(6, with: &scheduler) == [0, 1, 0, 1, 0, 1])
    }

    @Test(
        "of two classes, the one that waits gets exactly one packet after as many of the urgent one as the bound says",
        arguments: [1, 2, 32])
    func starvation(bound: Int) {
        var scheduler = SendScheduler(starvationBound: bound)
        scheduler.schedule(self.entry(0, urgency: 0))
        scheduler.schedule(self.entry(1, urgency: 6))
        let cycle = Array(repeating: 0, count: bound) + [1]
        #expect(self.serve(cycle.count * 5, with: &scheduler) == Array(repeating: cycle, count: 5).flatMap { $0 })
    }

    @Test(
        "with all eight classes busy, each waits for no more than the bound and one packet of every other waiting class"
    )
    func allClasses() {
        var scheduler = SendScheduler(starvationBound: 10)
        for urgency in 0..<8 { scheduler.schedule(self.entry(urgency, urgency: urgency)) }
        let order = self.serve(900, with: &scheduler)
        for urgency in 1..<8 {
            let places = order.indices.filter { order[$0] == urgency }
            let gaps = zip(places, places.dropFirst()).map { $1 - $0 - 1 }
            #expect(gaps.allSatisfy { $0 <= 10 + 6 }, "urgency \(urgency)")
            #expect(places.first.map { $0 <= 10 + 6 } == true, "urgency \(urgency)")
        }
        #expect(order.filter { $0 == 0 }.count >= 500)
    }

    @Test("a bound below one counts as one")
    func smallestBound() {
        var scheduler = SendScheduler(starvationBound: 0)
        scheduler.schedule(self.entry(0, urgency: 0))
        scheduler.schedule(self.entry(1, urgency: 1))
        #expect(self.serve(4, with: &scheduler) == [0, 1, 0, 1])
    }

    @Test("among a hundred equal streams none is ever two packets ahead of another")
    func fairness() {
        var scheduler = SendScheduler(starvationBound: 32)
        for number in 0..<100 { scheduler.schedule(self.entry(number)) }
        var sent = Array(repeating: 0, count: 100)
        for _ in 0..<1_234 {
            for number in self.serve(1, with: &scheduler) { sent[number] += 1 }
            let (least, most) = (sent.min() ?? 0, sent.max() ?? 0)
            #expect(most - least <= 1)
        }
        #expect(sent.reduce(0, +) == 1_234)
    }

    @Test("a stream that was taken out of line is passed over, and comes back at the end")
    func unscheduled() {
        var scheduler = SendScheduler(starvationBound: 32)
        let entries = (0..<3).map { self.entry($0) }
        for entry in entries { scheduler.schedule(entry) }
        scheduler.unschedule(entries[0])
        #expect(self.serve(4, with: &scheduler) == [1, 2, 1, 2])
        scheduler.schedule(entries[0])
        #expect(self.serve(6, with: &scheduler) == [1, 2, 0, 1, 2, 0])
    }

    @Test("a stream that waits for its window is not put in line, and stops nobody else")
    func blocked() {
        var scheduler = SendScheduler(starvationBound: 32)
        let blocked = self.entry(0, urgency: 0, isIncremental: false)
        scheduler.schedule(blocked)
        scheduler.schedule(self.entry(1, urgency: 3, packets: 2))
        blocked.isBlocked = true
        scheduler.unschedule(blocked)
        scheduler.schedule(blocked)
        #expect(self.serve(10, with: &scheduler) == [1, 1])
        blocked.isBlocked = false
        scheduler.schedule(blocked)
        #expect(self.serve(2, with: &scheduler) == [0, 0])
    }

    @Test("a stream made more urgent while it stands in line is served next, even behind one that goes to its end")
    func raised() {
        var scheduler = SendScheduler(starvationBound: 32)
        let late = self.entry(1, urgency: 5, isIncremental: false, packets: 2)
        scheduler.schedule(self.entry(0, urgency: 5, isIncremental: false, packets: 3))
        scheduler.schedule(late)
        #expect(self.serve(1, with: &scheduler) == [0])
        scheduler.setPriority(StreamPriority(urgency: 1), of: late)
        #expect(self.serve(10, with: &scheduler) == [1, 1, 0, 0])
    }

    @Test("a stream made less urgent while it stands in line lets the others go first")
    func lowered() {
        var scheduler = SendScheduler(starvationBound: 32)
        let first = self.entry(0, urgency: 2, packets: 2)
        scheduler.schedule(first)
        scheduler.schedule(self.entry(1, urgency: 4, packets: 2))
        scheduler.setPriority(StreamPriority(urgency: 6), of: first)
        #expect(self.serve(10, with: &scheduler) == [1, 1, 0, 0])
    }

    @Test("changing priorities to and fro gives nobody more than one place in line")
    func toAndFro() {
        var scheduler = SendScheduler(starvationBound: 32)
        let restless = self.entry(0)
        scheduler.schedule(restless)
        scheduler.schedule(self.entry(1))
        for urgency in [1, 3, 7, 3, 0, 3] { scheduler.setPriority(StreamPriority(urgency: urgency), of: restless) }
        #expect(self.serve(6, with: &scheduler) == [1, 0, 1, 0, 1, 0])
    }

    @Test("the priority of a stream that stands nowhere, or was taken out, changes without putting it in line")
    func idlePriority() {
        var scheduler = SendScheduler(starvationBound: 32)
        let idle = self.entry(0)
        scheduler.setPriority(StreamPriority(urgency: 1), of: idle)
        let gone = self.entry(1)
        scheduler.schedule(gone)
        scheduler.unschedule(gone)
        scheduler.setPriority(StreamPriority(urgency: 2), of: gone)
        #expect(!gone.isQueued)
        let next = scheduler.next()
        #expect(next == nil)
        scheduler.schedule(gone)
        scheduler.schedule(idle)
        #expect(self.serve(1, with: &scheduler) == [0])
    }

    @Test("a run of packets may go on only while nobody else has a claim")
    func runs() {
        var scheduler = SendScheduler(starvationBound: 32)
        let alone = self.entry(0)
        scheduler.schedule(alone)
        #expect(scheduler.packetsBeforeNextTurn(of: alone) == .max)
        scheduler.schedule(self.entry(1))
        #expect(scheduler.packetsBeforeNextTurn(of: alone) == 1)

        var ordered = SendScheduler(starvationBound: 32)
        let first = self.entry(0, isIncremental: false)
        ordered.schedule(first)
        ordered.schedule(self.entry(1, isIncremental: false))
        #expect(ordered.packetsBeforeNextTurn(of: first) == .max)
        ordered.schedule(self.entry(2, urgency: 7))
        #expect(ordered.packetsBeforeNextTurn(of: first) == 1)
    }

    @Test("a turn grows with the congestion window, up to a bound, and is one packet while the window is small")
    func turnsFollowTheWindow() {
        var scheduler = SendScheduler(starvationBound: 32)
        let first = self.entry(0)
        scheduler.schedule(first)
        scheduler.schedule(self.entry(1))
        for (window, turn) in [(0, 1), (10, 1), (63, 1), (64, 2), (320, 10), (1 << 20, SendScheduler.longestTurn)] {
            scheduler.adapt(toWindow: window)
            #expect(scheduler.packetsBeforeNextTurn(of: first) == turn)
        }
    }

    @Test("however long turns are, a class that waits is due after its bound")
    func longTurnsStarveNobody() {
        var scheduler = SendScheduler(starvationBound: 32)
        scheduler.adapt(toWindow: 1 << 20)
        let busy = self.entry(0)
        scheduler.schedule(busy)
        scheduler.schedule(self.entry(1))
        scheduler.schedule(self.entry(2, urgency: 7))
        #expect(scheduler.packetsBeforeNextTurn(of: busy) == 1)
    }

    @Test("emptied, it serves nobody, and streams can stand in line again")
    func emptied() {
        var scheduler = SendScheduler(starvationBound: 32)
        let entries = (0..<8).map { self.entry($0, urgency: $0) }
        for entry in entries { scheduler.schedule(entry) }
        scheduler.removeAll()
        let next = scheduler.next()
        #expect(next == nil)
        scheduler.schedule(entries[5])
        #expect(self.serve(2, with: &scheduler) == [5, 5])
    }
}

internal import Synchronization
internal import Testing

@testable internal import QUICIO

@Suite(.timeLimit(.minutes(5))) struct EventLoopTests {
    @Test("An actor of a loop runs on the loop's thread, and its caller does not")
    func actorOnLoop() async {
        let loop = EventLoop(name: "test-actor")
        let actor = LoopCounterActor(loop: loop)
        #expect(await actor.isOnLoop())
        #expect(!loop.isOnLoop)
        #expect(loop.isIsolatingCurrentContext() == false)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { await actor.increment() } }
        }
        #expect(await actor.count == 1000)
    }

    @Test("A client's turn may assume the isolation of an actor on the loop, though it is no job")
    func assumeIsolated() async {
        let loop = EventLoop(name: "test-assume")
        let actor = LoopCounterActor(loop: loop)
        let done = Latch()
        let client = ClosureClient { _, _, _, readiness in
            actor.assumeIsolated { $0.increment() }
            if readiness == .signalled { done.open() }
            return nil
        }
        loop.run { loop.attach(client) }
        loop.signal(client)
        await done.wait()
        #expect(await actor.count == 1)
    }

    @Test("A closure runs on the loop, later even if the loop itself asks")
    func closures() async {
        let loop = EventLoop(name: "test-run")
        let journal = Journal<Int>()
        let done = Latch()
        loop.run {
            loop.run {
                journal.append(loop.isOnLoop ? 2 : -2)
                done.open()
            }
            journal.append(loop.isOnLoop ? 1 : -1)
        }
        await done.wait()
        #expect(journal.entries == [1, 2])
    }

    @Test("A task that prefers the loop and waits for clients' turns is never enqueued from elsewhere")
    func parkedTask() async {
        let loop = EventLoop(name: "test-park")
        let parked = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let client = ClosureClient { _, _, _, _ in
            let continuation = parked.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            continuation?.resume()
            return 0
        }
        let statistics = await Task(executorPreference: loop.taskExecutor) {
            loop.attach(client)
            loop.resetStatistics()
            loop.signal(client)
            for _ in 0..<1000 {
                await withCheckedContinuation { continuation in parked.withLock { $0 = continuation } }
            }
            let statistics = loop.statistics
            loop.detach(client)
            return statistics
        }.value
        #expect(statistics.jobsFromElsewhere == 0)
        #expect(statistics.jobsFromLoop >= 1000)
        #expect(statistics.wakeWrites == 0)
    }

    @Test("An actor called from elsewhere counts as enqueued from elsewhere")
    func foreignJobs() async {
        let loop = EventLoop(name: "test-foreign")
        let actor = LoopCounterActor(loop: loop)
        loop.resetStatistics()
        for _ in 0..<10 { await actor.increment() }
        #expect(loop.statistics.jobsFromElsewhere >= 10)
    }

    @Test("Ten thousand signals to a busy loop are one turn and not one write to the eventfd")
    func signalsWhileBusy() async {
        let loop = EventLoop(name: "test-edge")
        let started = Latch()
        let release = Latch()
        let done = Latch()
        let client = ClosureClient { _, _, _, _ in
            done.open()
            return nil
        }
        await loop.call { loop.attach(client) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await loop.call {
                    loop.resetStatistics()
                    started.open()
                    while !release.isOpen {}
                }
            }
            await started.wait()
            for _ in 0..<10_000 { loop.signal(client) }
            #expect(loop.statistics.wakeWrites == 0)
            release.open()
        }
        await done.wait()
        #expect(client.turns == 1)
    }

    @Test("No signal is lost between the loop's last look and its sleep", arguments: [false, true])
    func noLostWake(usesMilliseconds: Bool) async {
        let loop = EventLoop(name: "test-wake", usesMilliseconds: usesMilliseconds)
        let waiting = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let client = ClosureClient { _, _, _, _ in
            waiting.withLock { $0.take() }?.resume()
            return nil
        }
        await loop.call { loop.attach(client) }
        for _ in 0..<5_000 {
            await withCheckedContinuation { continuation in
                waiting.withLock { $0 = continuation }
                loop.signal(client)
            }
        }
        #expect(loop.statistics.wakeWrites <= 5_001)
        #expect(client.turns <= 5_000)
    }

    @Test("A signal that follows the closure which attaches its client arrives")
    func signalAfterAttaching() async {
        let loop = EventLoop(name: "test-order")
        for _ in 0..<500 {
            let done = Latch()
            let client = ClosureClient { client, _, _, _ in
                done.open()
                loop.detach(client)
                return 0
            }
            loop.run { loop.attach(client) }
            loop.signal(client)
            await done.wait()
        }
    }

    @Test(
        "No deadline is met before its time, and none waits while a later round serves another",
        arguments: [false, true])
    func deadlines(usesMilliseconds: Bool) async {
        let loop = EventLoop(name: "test-timer", usesMilliseconds: usesMilliseconds)
        let journal = Journal<(due: UInt64, met: UInt64)>()
        let done = Latch()
        let start = MonotonicClock.now()
        let delays: [UInt64] = [9_300_000, 3_100_000, 6_200_000]
        let clients = delays.map { delay in
            ClosureClient { _, earlier, now, readiness in
                if earlier == 0 { return start + delay }
                if readiness == .timer { journal.append((due: start + delay, met: now)) }
                if journal.entries.count == delays.count { done.open() }
                return nil
            }
        }
        loop.run {
            for client in clients {
                loop.attach(client)
                loop.signal(client)
            }
        }
        await done.wait()
        let entries = journal.entries
        #expect(entries.count == 3)
        for (index, entry) in entries.enumerated() {
            #expect(entry.met >= entry.due)
            // Whoever came in a later round was not due in this one.
            for later in entries[index...] where later.met > entry.met { #expect(later.due > entry.met) }
        }
    }

    @Test("A client that always wants another turn starves neither jobs nor other clients")
    func againAtOnce() async {
        let loop = EventLoop(name: "test-again")
        let actor = LoopCounterActor(loop: loop)
        let greedy = ClosureClient { _, _, now, _ in now }
        let done = Latch()
        let modest = ClosureClient { _, _, _, _ in
            done.open()
            return nil
        }
        await loop.call {
            loop.attach(greedy)
            loop.attach(modest)
            loop.signal(greedy)
        }
        for _ in 0..<100 { await actor.increment() }
        loop.signal(modest)
        await done.wait()
        let before = greedy.turns
        await loop.call {}
        await loop.call {}
        #expect(greedy.turns > before)
        await loop.call { loop.detach(greedy) }
    }

    @Test("Jobs that keep queueing jobs do not starve clients")
    func endlessJobs() async {
        let loop = EventLoop(name: "test-jobs")
        let done = Latch()
        let client = ClosureClient { _, _, _, _ in
            done.open()
            return nil
        }
        @Sendable func again() { if !done.isOpen { loop.run(again) } }
        await loop.call { loop.attach(client) }
        for _ in 0..<2_000 { loop.run(again) }
        loop.signal(client)
        await done.wait()
        #expect(client.turns == 1)
    }

    @Test("A client that detaches in its turn has no other, whatever it returns")
    func detaching() async {
        let loop = EventLoop(name: "test-detach")
        let client = ClosureClient { client, _, now, _ in
            loop.detach(client)
            return now
        }
        await loop.call {
            loop.attach(client)
            loop.signal(client)
        }
        for _ in 0..<5 { await loop.call {} }
        #expect(client.turns == 1)
        loop.signal(client)
        await loop.call {}
        await loop.call {}
        #expect(client.turns == 1)
    }

    @Test("A loop without work sleeps instead of turning")
    func sleeping() async {
        let loop = EventLoop(name: "test-sleep")
        let actor = LoopCounterActor(loop: loop)
        await actor.increment()
        loop.resetStatistics()
        for _ in 0..<50 { await actor.increment() }
        let statistics = loop.statistics
        // Each call is at most a turn for the job and one that finds nothing.
        #expect(statistics.turns <= 2 * 51)
        #expect(statistics.sleeps <= statistics.turns)
    }

    @Test("The shared loops are one for each processor, and the same each time")
    func sharedLoops() {
        #expect(EventLoop.processorCount >= 1)
        #expect(EventLoop.shared(0) === EventLoop.shared(EventLoop.processorCount))
        #expect(EventLoop.shared(-1) === EventLoop.shared(EventLoop.processorCount - 1))
    }
}

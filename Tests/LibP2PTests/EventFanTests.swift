import Testing

@testable import LibP2P

@Suite struct EventFanTests {
    @Test("Every listener gets every event from its beginning on, in order")
    func everybody() async {
        let fan = EventFan<Int>()
        fan.publish(0)
        let early = fan.subscribe()
        fan.publish(1)
        let late = fan.subscribe()
        fan.publish(2)
        fan.finish()
        fan.publish(3)
        var (ofEarly, ofLate): ([Int], [Int]) = ([], [])
        for await event in early { ofEarly.append(event) }
        for await event in late { ofLate.append(event) }
        #expect(ofEarly == [1, 2])
        #expect(ofLate == [2])
        for await _ in fan.subscribe() { Issue.record("nothing comes after the end") }
    }

    @Test("A slow listener loses its oldest events and counts them; others lose nothing", arguments: [1, 4, 7])
    func slow(capacity: Int) async {
        let fan = EventFan<Int>()
        let slow = fan.subscribe(capacity: capacity)
        let fast = fan.subscribe(capacity: 100)
        for event in 0..<10 { fan.publish(event) }
        #expect(slow.droppedCount == UInt64(10 - capacity))
        #expect(fast.droppedCount == 0)
        var iterator = slow.makeAsyncIterator()
        #expect(await iterator.next() == 10 - capacity)
        // The order holds when more comes in the middle of reading.
        fan.publish(10)
        fan.publish(11)
        fan.finish()
        var rest: [Int] = []
        while let event = await iterator.next() { rest.append(event) }
        #expect(rest == Array((12 - capacity)..<12))
    }

    @Test("A listener that nobody has any more is forgotten")
    func forgotten() {
        let fan = EventFan<Int>()
        do {
            let subscription = fan.subscribe()
            #expect(fan.subscriberCount == 1)
            withExtendedLifetime(subscription) {}
        }
        #expect(fan.subscriberCount == 0)
        fan.publish(1)
    }

    @Test("Cancelling ends the loop of that task alone, and no event is lost")
    func cancellation() async {
        let fan = EventFan<Int>()
        let subscription = fan.subscribe()
        let reader = Task {
            for await _ in subscription { Issue.record("there is nothing to read yet") }
        }
        reader.cancel()
        await reader.value
        fan.publish(1)
        var iterator = subscription.makeAsyncIterator()
        #expect(await iterator.next() == 1)
    }

    @Test("A task that waits gets the next event, and the end")
    func waiting() async {
        let fan = EventFan<Int>()
        let subscription = fan.subscribe()
        async let events = subscription.reduce(into: [Int]()) { $0.append($1) }
        for event in 0..<1_000 {
            fan.publish(event)
            await Task.yield()
        }
        fan.finish()
        let seen = await events
        #expect(seen == seen.sorted())
        #expect(seen.last == 999)
        #expect(UInt64(seen.count) + subscription.droppedCount == 1_000)
    }

    @Test("Many publishers and readers: each event of a shared subscription goes to one reader")
    func shared() async {
        let fan = EventFan<Int>()
        let subscription = fan.subscribe(capacity: 10_000)
        let seen = await withTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 {
                group.addTask { await subscription.reduce(into: []) { $0.append($1) } }
            }
            await withTaskGroup { publishers in
                for first in 0..<4 {
                    publishers.addTask { for event in 0..<500 { fan.publish(first * 500 + event) } }
                }
            }
            fan.finish()
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(seen.sorted() == Array(0..<2_000))
    }

    @Test("A wait that is cancelled leaves no waiter behind, before and while it waits", arguments: 0..<200)
    func noWaiterLeft(round: Int) async {
        let signal = Signal(0)
        let waiter = Task { try await signal.wait { $0 > 0 ? $0 : nil } }
        if round % 2 == 0 { await Task.yield() }
        waiter.cancel()
        let result = await waiter.result
        #expect(throws: LibP2PError.self) { try result.get() }
        #expect(signal.waiterCount == 0)
    }

    @Test("Whoever waits for a change sees it, however the two interleave", arguments: 0..<200)
    func noLostWake(round: Int) async throws {
        let signal = Signal(0)
        async let answer = signal.wait { $0 > 1 ? $0 : nil }
        if round % 2 == 0 { await Task.yield() }
        signal.update { $0 += 1 }
        signal.update { $0 += 1 }
        #expect(try await answer == 2)
        #expect(signal.waiterCount == 0)
    }
}

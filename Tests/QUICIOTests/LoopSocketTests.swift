internal import Synchronization
internal import Testing

@testable internal import QUICIO

@Suite(.timeLimit(.minutes(5))) struct LoopSocketTests {
    @Test("A client has turns for as long as its socket has something to read")
    func readable() async throws {
        let loop = EventLoop(name: "test-read")
        let receiver = try UDPSocket(bindingTo: .loopback4)
        let sender = try UDPSocket(bindingTo: .loopback4)
        let journal = Journal<LoopReadiness>()
        let done = Latch()
        let client = ClosureClient { client, earlier, _, readiness in
            journal.append(readiness)
            if earlier == 2 {
                loop.detach(client)
                done.open()
            }
            return nil
        }
        await loop.call {
            loop.attach(client)
            loop.watch(receiver, for: client)
        }
        try sender.send([1, 2, 3], to: receiver.localAddress)
        await done.wait()
        // Level-triggered: nobody read it, so it was told again.
        #expect(journal.entries == [.readable, .readable, .readable])
        await loop.call {}
        await loop.call {}
        #expect(client.turns == 3)
    }

    @Test("Room to send is told only while it is awaited")
    func writable() async throws {
        let loop = EventLoop(name: "test-write")
        let socket = try UDPSocket(bindingTo: .loopback4)
        let done = Latch()
        let client = ClosureClient { _, earlier, _, readiness in
            if readiness == .writable {
                loop.awaitWritable(socket, false)
                done.open()
            }
            return nil
        }
        await loop.call {
            loop.attach(client)
            loop.watch(socket, for: client)
        }
        for _ in 0..<3 { await loop.call {} }
        #expect(client.turns == 0)
        await loop.call { loop.awaitWritable(socket, true) }
        await done.wait()
        for _ in 0..<3 { await loop.call {} }
        #expect(client.turns == 1)
    }

    @Test("A socket may be closed before the loop stops watching it, and its number used again")
    func closedWhileWatched() async throws {
        let loop = EventLoop(name: "test-close")
        let client = ClosureClient { _, _, _, _ in nil }
        await loop.call { loop.attach(client) }
        let first = try UDPSocket(bindingTo: .loopback4)
        await loop.call { loop.watch(first, for: client) }
        first.close()
        let second = try UDPSocket(bindingTo: .loopback4)
        await loop.call {
            loop.watch(second, for: client)
            loop.unwatch(first)
        }
        try second.send([1], to: second.localAddress)
        while client.turns == 0 { await loop.call {} }
        await loop.call { loop.detach(client) }
        #expect(client.turns > 0)
    }
}

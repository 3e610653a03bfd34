import QUICIO
import Testing

@testable import QUIC

@Suite("Monitors", .timeLimit(.minutes(5)))
struct MonitorTests {
    /// Somebody who waits, on a thread of its own.
    private actor Caller {
        nonisolated let loop = EventLoop(name: "monitor-test")
        private(set) var isAskedOnLoop: [Bool] = []

        nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

        func wait(for monitor: Monitor<Int>, toReach goal: Int) async throws {
            _ = try await monitor.wait { state in
                self.isAskedOnLoop.append(self.loop.isOnLoop)
                return state >= goal ? state : nil
            }
            #expect(self.loop.isOnLoop)
        }
    }

    @Test("what a caller waits for is asked on the caller's actor, before it waits and each time something changed")
    func isolation() async throws {
        let ledger = Ledger()
        let monitor = Monitor(0, ledger)
        let caller = Caller()
        let waiting = Task { try await caller.wait(for: monitor, toReach: 3) }
        for number in 1...3 {
            try await until { ledger.parked == 1 }
            monitor.update { state in
                state = number
                return true
            }
        }
        try await waiting.value
        #expect(await caller.isAskedOnLoop == [true, true, true, true])
        #expect(ledger.parked == 0)
    }

    @Test("a change between the question and the wait is not slept over", arguments: 0..<20)
    func race(round: Int) async throws {
        let ledger = Ledger()
        let monitor = Monitor(0, ledger)
        let changes = Task.detached {
            for _ in 0..<2_000 {
                monitor.update { state in
                    state += 1
                    return true
                }
            }
        }
        for goal in stride(from: 1, through: 2_000, by: 1) { _ = try await monitor.wait { $0 >= goal ? $0 : nil } }
        await changes.value
        #expect(ledger.parked == 0)
    }

    @Test("a wait that is cancelled ends, and nobody stays parked")
    func cancellation() async throws {
        let ledger = Ledger()
        let monitor = Monitor(0, ledger)
        let waiting = Task { try await monitor.wait { $0 > 0 ? $0 : nil } }
        try await until { ledger.parked == 1 }
        waiting.cancel()
        #expect(await failure { _ = try await waiting.value }?.code == .cancelled)
        #expect(ledger.parked == 0)
    }
}

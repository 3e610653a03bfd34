internal import Synchronization

@testable internal import QUICIO

/// A client whose turn is a closure; the closure sees how many turns there were before.
final class ClosureClient: LoopClient {
    private let body: @Sendable (ClosureClient, Int, UInt64, LoopReadiness) -> UInt64?
    private let count = Mutex(0)

    init(_ body: @escaping @Sendable (ClosureClient, Int, UInt64, LoopReadiness) -> UInt64?) { self.body = body }

    var turns: Int { self.count.withLock { $0 } }

    func turn(now: UInt64, readiness: LoopReadiness) -> UInt64? {
        let earlier = self.count.withLock { count in
            defer { count += 1 }
            return count
        }
        return self.body(self, earlier, now, readiness)
    }
}

/// Something that happens once, and those who wait for it.
final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    var isOpen: Bool { self.state.withLock { $0.isOpen } }

    func open() {
        let waiting = self.state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = self.state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// What happened, in order, from any thread.
final class Journal<Element: Sendable>: Sendable {
    private let list = Mutex<[Element]>([])

    var entries: [Element] { self.list.withLock { $0 } }
    func append(_ element: Element) { self.list.withLock { $0.append(element) } }
}

extension EventLoop {
    /// Runs a closure on the loop and waits for its result.
    func call<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in
            self.run { continuation.resume(returning: body()) }
        }
    }
}

/// An actor on a loop.
actor LoopCounterActor {
    nonisolated let loop: EventLoop
    private(set) var count = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    init(loop: EventLoop) { self.loop = loop }

    func increment() { self.count += 1 }
    func isOnLoop() -> Bool { self.loop.isOnLoop }
}

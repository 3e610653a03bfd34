internal import CLinuxUDP
internal import Synchronization

/// What waits for an event loop: jobs, closures and signals, from its own thread and from others.
///
/// Its own thread appends without a lock and never writes to the eventfd. Another thread writes only if the loop is
/// asleep and nobody has woken it yet: whether that is so changes under the lock that also guards what the others
/// appended, so a loop cannot fall asleep on work that is already there.
final class JobQueue: @unchecked Sendable {
    enum Work {
        /// A job of an actor on the loop.
        case serial(UnownedJob)
        /// A job of a task that prefers the loop.
        case task(UnownedJob)
        case closure(@Sendable () -> Void)

        var isJob: Bool {
            if case .closure = self { false } else { true }
        }
    }

    struct Inbox {
        var work: [Work] = []
        /// Who wants a turn, each once; few clients, so a scan is cheap.
        var signalled: [any LoopClient] = []
        var isAsleep = false
        var isWakePending = false
        var jobs = 0
        var wakeWrites = 0

        /// Whether the one who has just appended must wake the loop.
        mutating func takeWake() -> Bool {
            guard self.isAsleep, !self.isWakePending else { return false }
            self.isWakePending = true
            self.wakeWrites &+= 1
            return true
        }
    }

    private let inbox = Mutex(Inbox())
    private let thread = Atomic<UInt64>(0)
    private let eventfd = Atomic<Int32>(-1)
    private let ownJobs = Atomic<Int>(0)

    // The rest is touched by the loop's thread alone.
    @safe @exclusivity(unchecked) private var own: [Work] = []
    @safe @exclusivity(unchecked) private var batch: [Work] = []
    private var next = 0
    @safe @exclusivity(unchecked) private(set) var signalled: [any LoopClient] = []

    /// Called by the loop's thread before anything else.
    func adoptThread() { self.thread.store(tern_thread_self(), ordering: .releasing) }

    func wakes(through descriptor: Int32) { self.eventfd.store(descriptor, ordering: .releasing) }

    /// The thread never ends, so its identity is never given to another.
    var isOnLoop: Bool { self.thread.load(ordering: .acquiring) == tern_thread_self() }

    /// How many jobs came from the loop itself, how many from elsewhere, and how many wakes those caused.
    var counts: (own: Int, foreign: Int, wakes: Int) {
        let (foreign, wakes) = self.inbox.withLock { ($0.jobs, $0.wakeWrites) }
        return (self.ownJobs.load(ordering: .relaxed), foreign, wakes)
    }

    func append(_ work: Work) {
        if self.isOnLoop {
            // Only this thread writes the counter.
            if work.isJob { self.ownJobs.store(self.ownJobs.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
            self.own.append(work)
            return
        }
        let wakes = self.inbox.withLock { inbox in
            inbox.work.append(work)
            if work.isJob { inbox.jobs &+= 1 }
            return inbox.takeWake()
        }
        if wakes { self.wake() }
    }

    /// From another thread than the loop's.
    func signal(_ client: any LoopClient) {
        let wakes = self.inbox.withLock { inbox in
            guard !inbox.signalled.contains(where: { $0 === client }) else { return false }
            inbox.signalled.append(client)
            return inbox.takeWake()
        }
        if wakes { self.wake() }
    }

    private func wake() { _ = tern_eventfd_wake(self.eventfd.load(ordering: .acquiring)) }
}

/// For the loop's thread alone.
extension JobQueue {
    /// Runs what was queued when the turn began, at most `limit` pieces of it; what they queue waits for the next turn.
    func run(atMost limit: Int, _ perform: (Work) -> Void) {
        if self.batch.isEmpty { self.refill() }
        let end = min(self.batch.count, self.next + limit)
        while self.next < end {
            let work = self.batch[self.next]
            self.next += 1
            perform(work)
        }
        if self.next == self.batch.count {
            // At once, so that a closure does not outlive its run while the loop sleeps.
            self.batch.removeAll(keepingCapacity: true)
            self.next = 0
        }
    }

    private func refill() {
        swap(&self.batch, &self.own)
        self.inbox.withLock { inbox in
            self.batch.append(contentsOf: inbox.work)
            inbox.work.removeAll(keepingCapacity: true)
        }
    }

    /// Moves the signals of other threads to ``signalled``; false while jobs that may attach their clients still wait.
    func collectSignals() {
        guard self.batch.isEmpty else { return }
        self.inbox.withLock { inbox in
            guard inbox.work.isEmpty, !inbox.signalled.isEmpty else { return }
            swap(&self.signalled, &inbox.signalled)
        }
    }

    func forgetSignals() { self.signalled.removeAll(keepingCapacity: true) }

    /// Whether the loop may sleep; from then on other threads wake it.
    func fallAsleep() -> Bool {
        guard self.batch.isEmpty, self.own.isEmpty else { return false }
        return self.inbox.withLock { inbox in
            guard inbox.work.isEmpty, inbox.signalled.isEmpty else { return false }
            inbox.isAsleep = true
            return true
        }
    }

    func wakeUp() {
        self.inbox.withLock { inbox in
            inbox.isAsleep = false
            inbox.isWakePending = false
        }
    }
}

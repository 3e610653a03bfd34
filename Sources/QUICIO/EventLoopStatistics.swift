internal import Synchronization

/// What an event loop did since it started, or since ``EventLoop/resetStatistics()``.
public struct EventLoopStatistics: Hashable, Sendable {
    /// Rounds of the loop.
    public internal(set) var turns = 0
    /// Rounds in which it waited for something to happen.
    public internal(set) var sleeps = 0
    /// Turns of clients.
    public internal(set) var clientTurns = 0
    /// Writes to the eventfd, each by another thread that found the loop asleep.
    public internal(set) var wakeWrites = 0
    /// Executor jobs that were enqueued by the loop's own thread.
    public internal(set) var jobsFromLoop = 0
    /// Executor jobs that were enqueued by other threads: each is a hop that cost a lock, maybe a wake.
    public internal(set) var jobsFromElsewhere = 0

    init() {}

    static func - (lhs: EventLoopStatistics, rhs: EventLoopStatistics) -> EventLoopStatistics {
        var difference = EventLoopStatistics()
        difference.turns = lhs.turns - rhs.turns
        difference.sleeps = lhs.sleeps - rhs.sleeps
        difference.clientTurns = lhs.clientTurns - rhs.clientTurns
        difference.wakeWrites = lhs.wakeWrites - rhs.wakeWrites
        difference.jobsFromLoop = lhs.jobsFromLoop - rhs.jobsFromLoop
        difference.jobsFromElsewhere = lhs.jobsFromElsewhere - rhs.jobsFromElsewhere
        return difference
    }
}

/// A counter that one thread writes and any thread reads: no locked instruction.
struct LoopCounter: ~Copyable, Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { self.count.load(ordering: .relaxed) }

    /// Only on the loop's thread.
    func increment() { self.count.store(self.count.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
}

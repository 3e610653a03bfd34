internal import CLinuxUDP
internal import Synchronization

/// One thread that waits for sockets and timers and runs the jobs of its actors.
///
///     actor Router {
///         nonisolated let loop: EventLoop
///         nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }
///     }
///
/// A loop never stops and is never freed, because an actor's reference to its executor does not keep that alive. In one
/// turn the loop waits, then runs the jobs that were queued, then gives each client that something happened to one
/// turn.
public final class EventLoop: SerialExecutor {
    /// Where tasks run that prefer this loop.
    public let taskExecutor: LoopTaskExecutor
    /// What its thread is called.
    public let name: String
    let queue = JobQueue()
    private let core: LoopCore
    private let baseline = Mutex(EventLoopStatistics())

    /// Starts the thread of a new loop; it lasts as long as the process.
    public convenience init(name: String) { self.init(name: name, usesMilliseconds: false) }

    /// Starts a loop; with milliseconds it behaves as on a kernel that has nothing finer.
    init(name: String, usesMilliseconds: Bool) {
        self.name = name
        self.taskExecutor = LoopTaskExecutor(queue: self.queue)
        self.core = LoopCore(queue: self.queue, usesMilliseconds: usesMilliseconds)
        self.core.open()
        LoopThread.start(name: name) { [self] in self.core.run(for: self) }
    }

    /// False while the process has no descriptors that the loop could wait with: nothing runs on it yet.
    public var isOpen: Bool { self.core.isOpen }

    /// Whether the caller runs on the loop's thread.
    public var isOnLoop: Bool { self.queue.isOnLoop }

    /// What the loop did since the last reset.
    public var statistics: EventLoopStatistics { self.baseline.withLock { self.total - $0 } }

    /// Starts all counts over.
    public func resetStatistics() { self.baseline.withLock { $0 = self.total } }

    private var total: EventLoopStatistics {
        var total = EventLoopStatistics()
        total.turns = self.core.turns.value
        total.sleeps = self.core.sleeps.value
        total.clientTurns = self.core.clientTurns.value
        (total.jobsFromLoop, total.jobsFromElsewhere, total.wakeWrites) = self.queue.counts
        return total
    }
}

/// The loops of the process.
extension EventLoop {
    private static let loops = Mutex<[Int: EventLoop]>([:])

    /// How many processors this process may use.
    public static let processorCount = Int(tern_processor_count())

    /// The loop with this number, one for each processor; started when first asked for.
    public static func shared(_ index: Int) -> EventLoop {
        let remainder = index % self.processorCount
        let number = remainder < 0 ? remainder + self.processorCount : remainder
        return self.loops.withLock { loops in
            if let loop = loops[number] { return loop }
            let loop = EventLoop(name: "quic-\(number)")
            loops[number] = loop
            return loop
        }
    }
}

/// What any thread may call.
extension EventLoop {
    /// Gives a client a turn soon. Many calls before that turn are one.
    public func signal(_ client: any LoopClient) {
        if self.isOnLoop { self.core.signal(client) } else { self.queue.signal(client) }
    }

    /// Runs a closure on the loop's thread later, never inside this call.
    public func run(_ work: @escaping @Sendable () -> Void) { self.queue.append(.closure(work)) }
}

/// What only the loop's own thread may call: inside a turn, a job, or a closure given to ``run(_:)``.
extension EventLoop {
    /// Lets a client take part; its first turn comes when something happens to it.
    public func attach(_ client: any LoopClient) {
        assert(self.isOnLoop)
        self.core.attach(client)
    }

    /// Ends a client's part and stops watching its sockets. A turn that it is having is its last.
    public func detach(_ client: any LoopClient) {
        assert(self.isOnLoop)
        self.core.detach(client)
    }

    /// Gives the client a turn for as long as the socket has something to read.
    public func watch(_ socket: UDPSocket, for client: any LoopClient) {
        assert(self.isOnLoop)
        self.core.watch(socket, for: client)
    }

    /// Starts or stops giving the client turns while the socket has room to send.
    public func awaitWritable(_ socket: UDPSocket, _ isWanted: Bool) {
        assert(self.isOnLoop)
        self.core.awaitWritable(socket, isWanted)
    }

    /// Stops watching a socket, closed or not.
    public func unwatch(_ socket: UDPSocket) {
        assert(self.isOnLoop)
        self.core.unwatch(socket)
    }
}

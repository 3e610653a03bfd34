internal import CLinuxUDP
internal import Glibc
internal import Synchronization

/// What an event loop does in a turn, on its own thread.
///
/// Everything but the counters belongs to that thread alone.
@safe final class LoopCore: @unchecked Sendable {
    /// One who takes part.
    private final class Seat {
        let client: any LoopClient
        /// When it wants a turn, whatever happens; `UInt64.max` for never.
        var deadline = UInt64.max
        var readiness: LoopReadiness = []
        var isTaken = true

        init(_ client: any LoopClient) { self.client = client }
    }

    private struct Watch {
        let socket: UDPSocket
        let seat: Seat
        let key: UInt64
        var isWritingAwaited = false
    }

    let turns = LoopCounter()
    let sleeps = LoopCounter()
    let clientTurns = LoopCounter()
    private let opened = Atomic<Bool>(false)

    private let queue: JobQueue
    private var epoll: Int32 = -1
    private var usesMilliseconds: Int32
    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) private var seats: [Seat] = []
    private var hasEmptySeats = false
    @safe @exclusivity(unchecked) private var watches: [Watch] = []
    private var nextKey: UInt64 = 1
    private let events: UnsafeMutablePointer<epoll_event>

    private static let eventsPerWait: Int32 = 64
    /// So that clients are not starved by jobs that queue jobs.
    private static let jobsPerTurn = 512
    private static let wakeKey: UInt64 = 0

    init(queue: JobQueue, usesMilliseconds: Bool) {
        self.queue = queue
        self.usesMilliseconds = usesMilliseconds ? 1 : 0
        unsafe self.events = .allocate(capacity: Int(LoopCore.eventsPerWait))
        unsafe self.events.initialize(repeating: epoll_event(), count: Int(LoopCore.eventsPerWait))
    }

    deinit { unsafe self.events.deallocate() }

    /// Whether it has what it waits with.
    var isOpen: Bool { self.opened.load(ordering: .acquiring) }

    /// The body of the loop's thread; never returns.
    func run(for loop: EventLoop) {
        self.queue.adoptThread()
        // A process without descriptors cannot have a loop yet. It gets one as soon as it closes something.
        while !self.isOpen, !self.open() { usleep(10_000) }
        let serial = unsafe loop.asUnownedSerialExecutor()
        let preferred = unsafe loop.taskExecutor.asUnownedTaskExecutor()
        while true {
            self.turns.increment()
            self.wait()
            self.queue.run(atMost: LoopCore.jobsPerTurn) { work in
                switch work {
                case .serial(let job): unsafe job.runSynchronously(on: serial)
                case .task(let job): unsafe job.runSynchronously(on: preferred)
                case .closure(let run): run()
                }
            }
            self.deliverSignals()
            self.runClients()
        }
    }

    /// Before the thread starts, or on it.
    @discardableResult
    func open() -> Bool {
        let epoll = tern_epoll_open()
        guard epoll >= 0 else { return false }
        let eventfd = tern_eventfd_open()
        guard eventfd >= 0, tern_epoll_add_eventfd(epoll, eventfd, LoopCore.wakeKey) == 0 else {
            if eventfd >= 0 { close(eventfd) }
            close(epoll)
            return false
        }
        self.epoll = epoll
        self.queue.wakes(through: eventfd)
        self.opened.store(true, ordering: .releasing)
        return true
    }
}

/// The steps of a turn.
extension LoopCore {
    /// Waits until something happens or the first deadline passes; not at all while work remains.
    private func wait() {
        let deadline = self.earliestDeadline
        var timeout: Int64 = 0
        var isAsleep = false
        // The clock is read only if it matters.
        let now = deadline == 0 || deadline == .max ? 0 : MonotonicClock.now()
        if deadline > now, self.queue.fallAsleep() {
            isAsleep = true
            self.sleeps.increment()
            timeout = deadline == .max ? -1 : Int64(clamping: deadline - now)
        }
        let count = unsafe tern_epoll_wait(
            self.epoll, self.events, LoopCore.eventsPerWait, timeout, &self.usesMilliseconds)
        if isAsleep { self.queue.wakeUp() }
        for index in 0..<max(Int(count), 0) {
            let event = unsafe tern_epoll_read(self.events + index)
            guard event.key != LoopCore.wakeKey, let watch = self.watches.first(where: { $0.key == event.key }) else {
                continue
            }
            if event.is_readable != 0 { watch.seat.readiness.insert(.readable) }
            if event.is_writable != 0 { watch.seat.readiness.insert(.writable) }
        }
    }

    /// Zero if a client has a reason for a turn already.
    private var earliestDeadline: UInt64 {
        var earliest = UInt64.max
        for index in self.seats.indices {
            if !self.seats[index].readiness.isEmpty { return 0 }
            earliest = min(earliest, self.seats[index].deadline)
        }
        return earliest
    }

    private func deliverSignals() {
        self.queue.collectSignals()
        for client in self.queue.signalled { self.signal(client) }
        self.queue.forgetSignals()
    }

    /// One turn for each client that has a reason; those that join meanwhile wait for the next round.
    private func runClients() {
        let count = self.seats.count
        guard count > 0 else { return }
        let now = MonotonicClock.now()
        for index in 0..<count {
            let seat = self.seats[index]
            if seat.deadline <= now { seat.readiness.insert(.timer) }
            guard seat.isTaken, !seat.readiness.isEmpty else { continue }
            let readiness = seat.readiness
            seat.readiness = []
            self.clientTurns.increment()
            seat.deadline = seat.client.turn(now: now, readiness: readiness) ?? .max
        }
        if self.hasEmptySeats {
            self.seats.removeAll { !$0.isTaken }
            self.hasEmptySeats = false
        }
    }
}

/// Who takes part, and with which sockets.
extension LoopCore {
    private func seat(of client: any LoopClient) -> Seat? {
        self.seats.first { $0.client === client && $0.isTaken }
    }

    func signal(_ client: any LoopClient) { self.seat(of: client)?.readiness.insert(.signalled) }

    func attach(_ client: any LoopClient) {
        guard self.seat(of: client) == nil else { return }
        self.seats.append(Seat(client))
    }

    func detach(_ client: any LoopClient) {
        guard let seat = self.seat(of: client) else { return }
        seat.isTaken = false
        seat.readiness = []
        seat.deadline = .max
        // Not now: the clients' turns may be under way.
        self.hasEmptySeats = true
        for socket in self.watches.filter({ $0.seat === seat }).map(\.socket) { self.unwatch(socket) }
    }

    func watch(_ socket: UDPSocket, for client: any LoopClient) {
        self.unwatch(socket)
        guard let seat = self.seat(of: client) else { return }
        // Never the key of an earlier socket: an event of that may still be in the buffer.
        let watch = Watch(socket: socket, seat: seat, key: self.nextKey)
        self.nextKey += 1
        guard self.register(watch, isNew: true) else { return }
        self.watches.append(watch)
    }

    func awaitWritable(_ socket: UDPSocket, _ isWanted: Bool) {
        guard let index = self.watches.firstIndex(where: { $0.socket === socket }),
            self.watches[index].isWritingAwaited != isWanted
        else { return }
        self.watches[index].isWritingAwaited = isWanted
        _ = self.register(self.watches[index], isNew: false)
    }

    func unwatch(_ socket: UDPSocket) {
        guard let index = self.watches.firstIndex(where: { $0.socket === socket }) else { return }
        self.watches.remove(at: index)
        // A closed socket has left by itself.
        socket.withState { if $0.descriptor >= 0 { _ = tern_epoll_unwatch(self.epoll, $0.descriptor) } }
    }

    private func register(_ watch: Watch, isNew: Bool) -> Bool {
        watch.socket.withState { state in
            guard state.descriptor >= 0 else { return false }
            return tern_epoll_watch(
                self.epoll, state.descriptor, isNew ? 1 : 0, watch.isWritingAwaited ? 1 : 0, watch.key) == 0
        }
    }
}

internal import QUICEngine
internal import QUICIO
internal import Synchronization

/// Routes datagrams to connections, and gives every connection its turn: one per event loop of an endpoint.
///
/// One turn, in this order:
///
/// 1. what applications want: mailboxes that were written to or read from
/// 2. datagrams that arrived, routed by their connection IDs
/// 3. timers that are due
/// 4. every connection that any of this touched: events, packets, its next timer
/// 5. one system call for all packets
/// 6. tasks that wait are resumed
/// 7. connections that are over go, with their routes and timers
///
/// Nothing of it suspends, so a packet never hops.
actor ConnectionRouter {
    nonisolated let loop: EventLoop
    nonisolated let endpoint: EndpointCore
    nonisolated let resources: EngineResources
    nonisolated let signals: SignalQueue
    nonisolated let shard: Int
    nonisolated var ledger: Ledger { self.endpoint.ledger }
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

    let generator: any ConnectionIDGenerator
    let randomness: any Randomness = SystemRandomness()
    var table: ConnectionTable<QUICConnection>
    // Only the loop's thread comes to these, and no access to one of them begins inside another: the runtime is not asked
    // each time. That was a sixth of the time of a turn with one packet.
    @safe @exclusivity(unchecked) var timers = TimerHeap<QUICConnection>()
    var connections: Set<QUICConnection> = []
    let sockets: ShardSockets
    private let ring: ReceiveRing
    @safe @exclusivity(unchecked) private var touched: [QUICConnection] = []
    @safe @exclusivity(unchecked) private var settling: [QUICConnection] = []
    @safe @exclusivity(unchecked) private var wakeful: [QUICConnection] = []
    private var pending: [SignalQueue.Signal] = []
    /// When the present turn began.
    var now = EngineInstant(nanoseconds: 0)
    private(set) var isOpen = true
    private var isAttached = false
    private var isInTurn = false
    var latestRoute: Route?

    private static let burstsPerTurn = 8
    private static let bytesPerTurn = 256 << 10

    // The acceptor's figures; see ConnectionRouter+Accepting.swift.
    var admission: Admission
    @safe @exclusivity(unchecked) var statistics = RouterStatistics()

    init(_ endpoint: EndpointCore, shard: Int, loop: EventLoop, socket: UDPSocket) {
        let configuration = endpoint.configuration
        self.endpoint = endpoint
        self.shard = shard
        self.loop = loop
        self.resources = EngineResources(pool: ChunkPool(idleLimit: configuration.idleBuffers))
        self.signals = SignalQueue(bulkLimit: configuration.limits.forwardedDatagrams)
        self.generator =
            configuration.shards > 1
            ? configuration.connectionIDs.forShard(UInt8(truncatingIfNeeded: shard)) : configuration.connectionIDs
        self.table = ConnectionTable(localIDLength: self.generator.length)
        self.sockets = ShardSockets(socket, loop: loop)
        self.ring = ReceiveRing(slots: configuration.receiveSlots)
        self.admission = Admission(configuration.limits)
        self.now = EngineInstant(nanoseconds: MonotonicClock.now())
    }

    /// Any thread: has the loop look at something.
    @discardableResult
    nonisolated func signal(_ signal: SignalQueue.Signal) -> Bool {
        switch self.signals.add(signal) {
        case .first: self.loop.signal(self)
        case .queued: break
        case .refused: return false
        }
        return true
    }

    /// Any thread: has it look at something when it has its turn for another reason.
    nonisolated func leave(_ signal: SignalQueue.Signal) { _ = self.signals.add(signal, canWait: true) }

    /// Starts listening to the socket.
    func attach() {
        guard !self.isAttached else { return }
        self.isAttached = true
        self.loop.attach(self)
        self.sockets.watch(for: self)
    }

    /// Ends every connection in silence and lets the sockets go.
    func detach() {
        guard self.isOpen else { return }
        self.isOpen = false
        self.refreshNow()
        let now = self.now
        for connection in self.connections {
            connection.assumeIsolated { $0.abandon(now: now) }
            self.forget(connection)
        }
        self.loop.detach(self)
        self.sockets.close()
        self.signals.close()
        self.table = ConnectionTable(localIDLength: self.generator.length)
        self.touched.removeAll()
    }

    func refreshNow() { self.now = EngineInstant(nanoseconds: MonotonicClock.now()) }

    // MARK: The turn

    func takeTurn(now: UInt64, _ readiness: LoopReadiness) -> UInt64? {
        guard self.isOpen else { return nil }
        self.isInTurn = true
        defer { self.isInTurn = false }
        self.now = EngineInstant(nanoseconds: now)
        if readiness.contains(.writable) { self.sockets.becomeWritable() }
        self.drainSignals()
        let hasMoreToRead = readiness.contains(.readable) && self.receive()
        self.expireTimers()
        self.settleTouched()
        let isPaused = self.sockets.flush(now: self.now)
        self.resumeWaiting()
        self.table.forgetRetired(now: self.now)
        self.sockets.retire(now: self.now) { Set(self.connections.map(\.localAddress)) }
        if hasMoreToRead || (!self.touched.isEmpty && !self.sockets.isBlocked) { return now }
        let next = min(self.timers.earliest ?? .max, isPaused ?? .max, self.sockets.retirement ?? .max)
        return next == .max ? nil : next
    }

    /// Puts a connection on the list of those to be looked at before the turn ends.
    func touch(_ connection: QUICConnection) {
        // Without a loop there are no turns, and the list would keep the connection.
        guard self.isOpen else { return }
        // Calls from outside a turn need one of their own.
        if self.touched.isEmpty, !self.isInTurn { self.loop.signal(self) }
        self.touched.append(connection)
    }

    private func drainSignals() {
        self.signals.drain(into: &self.pending)
        guard !self.pending.isEmpty else { return }
        var pending: [SignalQueue.Signal] = []
        swap(&pending, &self.pending)
        for signal in pending {
            switch signal {
            case .stream(let core): core.connection.onLoop(core) { $0.service($1) }
            case .connection(let connection): connection.onLoop { $0.touch() }
            case .forwarded(let datagram): self.receive(datagram)
            case .raw(let bytes, let remote): self.sockets.send(bytes, to: remote)
            }
        }
        pending.removeAll(keepingCapacity: true)
        swap(&pending, &self.pending)
    }

    /// Reads a few bursts of all sockets. Returns whether there may be more.
    private func receive() -> Bool {
        var hasMore = false
        for index in 0..<self.sockets.count where self.receive(from: index) { hasMore = true }
        return hasMore
    }

    /// Acknowledgements, credit and readers have to wait until all that is read in one turn was digested, and what was
    /// read first has left the processor's cache by then: many small datagrams make a turn, but few large bursts.
    private func receive(from socket: Int) -> Bool {
        var bytes = 0
        for _ in 0..<ConnectionRouter.burstsPerTurn {
            let count = self.sockets.receive(from: socket, into: self.ring)
            for slot in 0..<count {
                let received = self.ring.received(slot)
                bytes += received.count
                self.ring.withBytes(of: slot) { self.route($0, received) }
            }
            // The ring was not filled: the socket is empty, and need not be asked.
            guard count == self.ring.slots else { return false }
            guard bytes < ConnectionRouter.bytesPerTurn else { return true }
        }
        return true
    }

    /// Sends at once what a packet of a handshake brought about. It took as long as hundreds of others, and the peer has to
    /// go on computing: it must not wait until those of everybody else are done too.
    func hurry() {
        guard !self.touched.isEmpty else { return }
        self.refreshNow()
        self.settleTouched()
        _ = self.sockets.flush(now: self.now)
        self.resumeWaiting()
    }

    private func expireTimers() {
        let now = self.now
        while let connection = self.timers.popExpired(now: now.nanoseconds) {
            connection.onLoop(now) {
                $0.handleTimeout(now: $1)
                $0.touch()
            }
        }
    }

    /// Every touched connection once; those that have more to send stay on the list for the next turn.
    private func settleTouched() {
        guard !self.touched.isEmpty, !self.sockets.isBlocked else { return }
        swap(&self.touched, &self.settling)
        let share = Share(sockets: self.sockets, now: self.now)
        for (index, connection) in self.settling.enumerated() {
            if self.sockets.isBlocked {
                // They keep their place: nothing may be built that can't be sent.
                self.touched.append(contentsOf: self.settling[index...])
                break
            }
            let outlook = connection.onLoop(share) { $0.settle(into: $1.sockets, now: $1.now) }
            self.follow(outlook, of: connection)
        }
        self.settling.removeAll(keepingCapacity: true)
    }

    /// What a connection is lent for its part of the turn.
    private struct Share: Sendable {
        let sockets: ShardSockets
        let now: EngineInstant
    }

    private func follow(_ outlook: QUICConnection.Outlook, of connection: QUICConnection) {
        if outlook.isWakeful { self.wakeful.append(connection) }
        if outlook.isTerminated { return self.forget(connection) }
        if outlook.hasMore { connection.onLoop { $0.touch() } }
        if let timeout = outlook.timeout {
            self.timers.set(connection, at: timeout.nanoseconds)
        } else {
            self.timers.remove(connection)
        }
    }

    private func resumeWaiting() {
        guard !self.wakeful.isEmpty else { return }
        for connection in self.wakeful { connection.onLoop { $0.resumeWaiting() } }
        self.wakeful.removeAll(keepingCapacity: true)
    }
}

extension ConnectionRouter: LoopClient {
    nonisolated func turn(now: UInt64, readiness: LoopReadiness) -> UInt64? {
        self.onLoop((now, readiness)) { $0.takeTurn(now: $1.0, $1.1) }
    }
}

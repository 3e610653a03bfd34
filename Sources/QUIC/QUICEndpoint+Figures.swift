public import QUICEngine
internal import QUICIO

/// What an endpoint has counted, all event loops together.
public struct QUICEndpointStatistics: Hashable, Sendable {
    /// Connections that have routes.
    public var connections = 0
    /// Handshakes under way, of clients that called us.
    public var halfOpen = 0
    /// Attempts of clients.
    public var attempts: UInt64 = 0
    /// Connections that were begun, either way.
    public var connectionsStarted: UInt64 = 0
    /// Handshakes that were completed.
    public var handshakesCompleted: UInt64 = 0
    /// Handshakes that failed.
    public var handshakesFailed: UInt64 = 0
    /// Connections that this side closed.
    public var closedLocally: UInt64 = 0
    /// Connections that the peer closed.
    public var closedByPeer: UInt64 = 0
    /// Connections and handshakes that ended because nobody was heard.
    public var timedOut: UInt64 = 0

    /// Retry packets.
    public var retries: UInt64 = 0
    /// Refusals without a connection.
    public var refusals: UInt64 = 0
    /// Version Negotiation packets.
    public var versionNegotiations: UInt64 = 0
    /// Stateless resets.
    public var statelessResets: UInt64 = 0
    /// Datagrams that were not QUIC and went to ``QUICEndpoint/onRawDatagram(_:)``.
    public var rawDatagrams: UInt64 = 0
    /// Datagrams that one event loop passed on to another.
    public var forwarded: UInt64 = 0
    /// Datagrams that came in.
    public var datagramsReceived: UInt64 = 0
    /// Bytes in them.
    public var bytesReceived: UInt64 = 0
    /// Datagrams that were dropped, by reason.
    public var dropped: [String: UInt64] = [:]

    /// How often a task was woken that waited for something of this endpoint: for bytes to read, for room to write.
    public var wakes: UInt64 = 0

    /// Where connection IDs lead.
    public var routes = ConnectionTableStatistics()
    /// What the operating system took and gave.
    public var sockets = QUICSocketStatistics()

    /// Creates figures of nothing.
    public init() {}
}

/// What the sockets of an endpoint have counted.
public struct QUICSocketStatistics: Hashable, Sendable {
    /// Datagrams that left.
    public var datagramsSent: UInt64 = 0
    /// System calls that sent them.
    public var sendCalls: UInt64 = 0
    /// System calls that received.
    public var receiveCalls: UInt64 = 0
    /// Datagrams that the operating system refused, and loss recovery sends again.
    public var sendFailures: UInt64 = 0
    /// How often the send buffer was full.
    public var waits: UInt64 = 0
    /// Datagrams that arrived faster than they were read.
    public var receiveOverflow: UInt64 = 0
    /// How often segmentation offload had to be given up.
    public var offloadFallbacks: UInt64 = 0
    /// Bytes of the receive buffer that the system granted.
    public var receiveBuffer = 0
    /// Whether the kernel cuts what is sent.
    public var segmentsOnSend = false
    /// Whether the kernel joins what arrives.
    public var joinsOnReceive = false
}

/// What the event loops of an endpoint have done since the process started, for it and for whom they serve besides.
public struct QUICLoopStatistics: Hashable, Sendable {
    /// Rounds.
    public var turns = 0
    /// Rounds that waited for something to happen.
    public var sleeps = 0
    /// How often another thread found a loop asleep and woke it.
    public var wakeWrites = 0
    /// How often another thread handed something over.
    public var jobsFromElsewhere = 0
}

/// What an endpoint has at work: all zero once it is over.
public struct QUICEndpointUse: Hashable, Sendable {
    /// Connections.
    public var connections = 0
    /// Connection IDs that lead to one.
    public var routes = 0
    /// Timers.
    public var timers = 0
    /// Streams that an application or a connection holds.
    public var streams = 0
    /// Tasks that wait for something.
    public var waitingTasks = 0
    /// Pieces of stream data.
    public var chunks = 0
    /// Engines and library objects.
    public var engines = 0

    /// Nothing at all.
    public static let none = QUICEndpointUse()
}

extension QUICEndpoint {
    /// The figures since the start, or since ``resetStatistics()``.
    public func statistics() async -> QUICEndpointStatistics {
        var total = QUICEndpointStatistics()
        for router in self.core.routers { await router.add(to: &total) }
        total.wakes = self.core.ledger.wakes
        return total
    }

    /// Starts the counts over; what exists now is still counted.
    public func resetStatistics() async {
        for router in self.core.routers { await router.resetStatistics() }
        self.core.ledger.resetWakes()
    }

    /// What is in use now.
    public func use() async -> QUICEndpointUse {
        var use = QUICEndpointUse()
        for router in self.core.routers { await router.add(to: &use) }
        use.streams = self.core.ledger.streams
        use.waitingTasks = self.core.ledger.parked
        return use
    }

    /// The figures of the event loops.
    public var loopStatistics: QUICLoopStatistics {
        var total = QUICLoopStatistics()
        for router in self.core.routers {
            let own = router.loop.statistics
            total.turns += own.turns
            total.sleeps += own.sleeps
            total.wakeWrites += own.wakeWrites
            total.jobsFromElsewhere += own.jobsFromElsewhere
        }
        return total
    }

    /// How often something was handed to the event loops from other threads; packets never are.
    public var jobsFromElsewhere: Int { self.loopStatistics.jobsFromElsewhere }
}

extension ConnectionRouter {
    func resetStatistics() {
        self.statistics = RouterStatistics()
        self.table.resetStatistics()
    }

    func add(to use: inout QUICEndpointUse) {
        use.connections += self.connections.count
        use.routes += self.table.issuedCount + self.table.initialCount
        use.timers += self.timers.count
        let live = self.resources.live
        use.chunks += live.chunks
        use.engines += live.engines + live.connections + live.sessions
    }

    func add(to total: inout QUICEndpointStatistics) {
        let own = self.statistics
        total.connections += self.connections.count
        total.halfOpen += self.admission.halfOpen
        total.attempts += own.attempts
        total.connectionsStarted += own.connectionsStarted
        total.handshakesCompleted += own.handshakesCompleted
        total.handshakesFailed += own.handshakesFailed
        total.closedLocally += own.closedLocally
        total.closedByPeer += own.closedByPeer
        total.timedOut += own.timedOut
        total.retries += own.retries
        total.refusals += own.refusals
        total.versionNegotiations += own.versionNegotiations
        total.statelessResets += own.statelessResets
        total.rawDatagrams += own.rawDatagrams
        total.forwarded += own.forwarded
        total.datagramsReceived += own.datagramsReceived
        total.bytesReceived += own.bytesReceived
        for reason in RouterStatistics.DropReason.allCases where own.dropped(reason) > 0 {
            total.dropped["\(reason)", default: 0] += own.dropped(reason)
        }
        total.routes.add(self.table.statistics)
        for socket in self.sockets.all { total.sockets.add(socket) }
    }
}

extension QUICSocketStatistics {
    mutating func add(_ socket: UDPSocket) {
        let own = socket.statistics
        let capabilities = socket.capabilities
        self.datagramsSent += own.datagramsOut
        self.sendCalls += own.callsOut
        self.receiveCalls += own.callsIn
        self.sendFailures += own.lost
        self.waits += own.wouldBlock
        self.receiveOverflow += own.receiveOverflow
        self.offloadFallbacks += own.gsoFallbacks
        self.receiveBuffer = max(self.receiveBuffer, capabilities.receiveBuffer)
        self.segmentsOnSend = self.segmentsOnSend || capabilities.gso
        self.joinsOnReceive = self.joinsOnReceive || capabilities.gro
    }
}

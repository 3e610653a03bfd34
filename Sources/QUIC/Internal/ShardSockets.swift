internal import QUICEngine
internal import QUICIO

/// The sockets of one shard and the packets that wait to leave through them. Usually one: others come when a client moves
/// to an address that the first can't send from.
///
/// Sendable because only actors of one event loop have it: the router lends it to one connection after the other.
final class ShardSockets: @unchecked Sendable {
    private struct Entry {
        let socket: UDPSocket
        let batch: TransmitBatch
        var isBlocked = false
        /// When a socket beside the first goes, unless a connection uses it then.
        var retiresAt = UInt64.max
    }

    private let loop: EventLoop
    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) private var entries: [Entry]
    private weak var client: ConnectionRouter?
    /// A queue of this host was full: nothing is sent before this.
    private var pausedUntil: UInt64 = 0

    /// How many bursts one connection may send before others have their turn.
    private static let burstsPerTurn = 4
    /// Room that the engine is offered for a burst: what one message with UDP_SEGMENT carries. A packet beyond that would
    /// cost a message of its own.
    private static let burstSize = 65_507

    init(_ socket: UDPSocket, loop: EventLoop) {
        self.loop = loop
        self.entries = [Entry(socket: socket, batch: TransmitBatch())]
    }

    var count: Int { self.entries.count }
    var primary: UDPSocket { self.entries[0].socket }
    var all: [UDPSocket] { self.entries.map(\.socket) }
    /// The first socket does not take more now: no packets may be built.
    var isBlocked: Bool { self.entries[0].isBlocked || self.pausedUntil > 0 }
    var retirement: UInt64? {
        self.entries.count > 1 ? self.entries.lazy.map(\.retiresAt).min() : nil
    }

    func watch(for client: ConnectionRouter) {
        self.client = client
        for entry in self.entries { self.loop.watch(entry.socket, for: client) }
    }

    /// Fills `ring` from one socket; how many buffers were filled.
    func receive(from index: Int, into ring: ReceiveRing) -> Int {
        guard index < self.entries.count else { return 0 }
        // A dead socket has nothing to give; the connections on it end by their timeouts.
        return (try? self.entries[index].socket.receive(into: ring)) ?? 0
    }

    /// Has the engine write bursts until it has nothing to send, or has had its share. True: it has more.
    func transmit(_ engine: ConnectionEngine, now: EngineInstant) -> Bool {
        for _ in 0..<Self.burstsPerTurn {
            if self.isBlocked { return true }
            let batch = self.entries[0].batch
            if batch.room < Self.burstSize || batch.entriesLeft < 16 {
                self.flush(0, now: now.nanoseconds)
                guard batch.room >= Self.burstSize, batch.entriesLeft >= 16 else { return true }
            }
            let written = batch.withFreeSpace(atMost: Self.burstSize) { space -> Int in
                engine.transmit(into: &space, now: now)
            }
            guard written > 0 else { return false }
            for run in engine.runs { self.append(run, to: batch, now: now.nanoseconds) }
        }
        return true
    }

    /// One datagram that no connection sends.
    func send(_ bytes: [UInt8], on path: NetworkPath) {
        let index = self.index(for: path.local)
        let batch = self.entries[index].batch
        // Where the queue is full it is lost: whoever asked will ask again.
        _ = bytes.withRawSpan {
            batch.append(
                copying: $0, segmentSize: bytes.count, remote: SocketAddress(path.remote),
                local: SocketAddress(path.local), ecn: 0)
        }
    }

    /// The same from the first socket's address.
    func send(_ bytes: [UInt8], to remote: NetworkAddress) {
        self.send(bytes, on: NetworkPath(local: NetworkAddress(self.primary.localAddress), remote: remote))
    }

    /// Sends all that waits. Returns when to come again where a queue of this host was full.
    func flush(now: EngineInstant) -> UInt64? {
        if self.pausedUntil > 0 {
            guard now.nanoseconds >= self.pausedUntil else { return self.pausedUntil }
            self.pausedUntil = 0
        }
        for index in self.entries.indices { self.flush(index, now: now.nanoseconds) }
        return self.pausedUntil > 0 ? self.pausedUntil : nil
    }

    func becomeWritable() {
        for index in self.entries.indices where self.entries[index].isBlocked {
            self.entries[index].isBlocked = false
            self.loop.awaitWritable(self.entries[index].socket, false)
            self.flush(index, now: 0)
        }
    }

    // MARK: Sockets that come and go

    /// Another socket beside the first, for as long as a connection uses it.
    func add(_ socket: UDPSocket, now: EngineInstant) {
        self.entries.append(
            Entry(socket: socket, batch: TransmitBatch(capacity: 128 << 10), retiresAt: Self.grace(now)))
        if let client = self.client { self.loop.watch(socket, for: client) }
    }

    /// Another socket for as long as the endpoint lives.
    func addForGood(_ socket: UDPSocket) {
        self.entries.append(Entry(socket: socket, batch: TransmitBatch(capacity: 128 << 10)))
        if let client = self.client { self.loop.watch(socket, for: client) }
    }

    /// Makes `socket` the first. The one before is heard for a while, and for as long as a connection uses it.
    func replacePrimary(with socket: UDPSocket, now: EngineInstant) {
        self.add(socket, now: now)
        self.entries.swapAt(0, self.entries.count - 1)
        self.entries[0].retiresAt = .max
        self.entries[self.entries.count - 1].retiresAt = Self.grace(now)
    }

    /// Closes sockets beside the first whose time has come and that none of `locals` needs.
    func retire(now: EngineInstant, locals: () -> Set<NetworkAddress>) {
        guard let earliest = self.retirement, earliest <= now.nanoseconds else { return }
        let locals = locals()
        for index in self.entries.indices.reversed() where index > 0 {
            let entry = self.entries[index]
            guard entry.retiresAt <= now.nanoseconds else { continue }
            if locals.contains(where: { Self.canSend(from: $0, through: entry.socket) }) {
                self.entries[index].retiresAt = Self.grace(now)
            } else {
                self.entries.remove(at: index)
                self.loop.unwatch(entry.socket)
                entry.socket.close()
            }
        }
    }

    private static func grace(_ now: EngineInstant) -> UInt64 { now.nanoseconds &+ 3_000_000_000 }

    /// Whether packets can leave from `local` through one of the sockets.
    func covers(_ local: NetworkAddress) -> UDPSocket? {
        self.entries.first { Self.canSend(from: local, through: $0.socket) }?.socket
    }

    func close() {
        for entry in self.entries {
            self.loop.unwatch(entry.socket)
            entry.batch.discard()
            entry.socket.close()
        }
    }

    private func flush(_ index: Int, now: UInt64) {
        guard !self.entries[index].isBlocked else { return }
        // Room that was only passed over, because the packets left by another socket, is free again.
        guard !self.entries[index].batch.isEmpty else { return self.entries[index].batch.discard() }
        switch try? self.entries[index].batch.flush(through: self.entries[index].socket) {
        case .sent?: break
        case .blocked?:
            self.entries[index].isBlocked = true
            self.loop.awaitWritable(self.entries[index].socket, true)
        case .pause?: self.pausedUntil = max(now, 1) &+ 1_000_000
        case nil: self.entries[index].batch.discard()
        }
    }

    private func append(_ run: TransmitRun, to batch: TransmitBatch, now: UInt64) {
        let remote = SocketAddress(run.path.remote)
        let local = SocketAddress(run.path.local)
        let index = self.index(for: run.path.local)
        if index == 0 {
            batch.append(
                count: run.count, segmentSize: run.segmentSize, remote: remote, local: local, ecn: run.ecn.rawValue)
            return
        }
        let other = self.entries[index].batch
        if other.room < run.count || other.entriesLeft == 0 { self.flush(index, now: now) }
        batch.skip(run.count) { bytes in
            _ = other.append(
                copying: bytes, segmentSize: run.segmentSize, remote: remote, local: local, ecn: run.ecn.rawValue)
        }
    }

    private func index(for local: NetworkAddress) -> Int {
        guard self.entries.count > 1 else { return 0 }
        return self.entries.firstIndex { Self.canSend(from: local, through: $0.socket) } ?? 0
    }

    private static func canSend(from local: NetworkAddress, through socket: UDPSocket) -> Bool {
        let bound = socket.localAddress
        guard local.port == 0 || local.port == bound.port else { return false }
        if bound.isWildcard {
            return bound.family == .ipv4
                ? local.family == .ipv4 : local.family == .ipv6 || socket.capabilities.isDualStack
        }
        return NetworkAddress(bound).withPort(local.port) == local
    }
}

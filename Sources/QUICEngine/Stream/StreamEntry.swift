/// Everything that we know of one stream. C holds a pointer to its sink, cleared before it goes.
final class StreamEntry {
    let id: StreamID
    let isLocal: Bool
    var priority: StreamPriority

    /// Where C leaves bytes and acknowledgements.
    let sink = StreamSink()

    // Sending
    var sending: SendState
    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) var sendQueue = SendQueue()
    /// The application called finish; the FIN goes out with or after the last byte.
    var wantsFIN = false
    var isFINCommitted = false
    /// Something is to be sent and nothing but the scheduler keeps it from going.
    var isReady = false
    /// The entry stands in a ring of the scheduler, perhaps only to be thrown out of it.
    var isQueued = false
    /// The stream's own window is used up.
    var isBlocked = false
    /// A writer was told to wait and wants to hear when there is room.
    var hasWaitingWriter = false
    var wantsAcknowledgement = false
    var stopSendingCode: UInt64?

    // Receiving
    var receiving: ReceiveState
    @safe @exclusivity(unchecked) var receiveQueue = ReceiveQueue()
    /// Bytes that arrived in order, whether anybody reads them or not.
    var bytesReceived: UInt64 = 0
    /// Consumed bytes whose credit was not returned to the peer yet.
    var credit: UInt64 = 0
    var isReadableSignalled = false
    /// The application does not want the rest.
    var isReadingStopped = false
    var startedEarly = false
    var isAnnounced = false

    /// ngtcp2 has forgotten the stream: no call may name it any more.
    var isClosedByTransport = false
    /// ngtcp2 has already let the peer open another stream in its place.
    var isReplacedByLibrary = false
    /// The application was told that the stream ended and will not touch it again.
    var isReleased = false

    init(id: StreamID, isLocal: Bool, priority: StreamPriority = .normal) {
        self.id = id
        self.isLocal = isLocal
        self.priority = priority
        self.sending = isLocal || id.isBidirectional ? .ready : .absent
        self.receiving = !isLocal || id.isBidirectional ? .receive : .absent
        self.sink.setOwner(self)
    }

    deinit { self.sink.deallocate() }

    /// Takes over the bytes that C put into the open chunk. Before every look at the receive queue.
    func absorb() {
        let filled = self.sink.takeFilled()
        guard filled > 0 else { return }
        self.bytesReceived &+= UInt64(filled)
        self.receiveQueue.absorb(filled)
    }

    /// Lends the first piece to `body` and forgets as many bytes as that says; nil: there is none.
    func lend(_ body: (RawSpan) -> Int, to pool: ChunkPool) -> Int? {
        guard let (used, isAll) = self.lendFirst(body) else { return nil }
        // Now that nobody but the queue holds the piece, it can go back whole.
        self.receiveQueue.forget(used, to: pool)
        if !isAll, self.receiving.canReceive { self.isReadableSignalled = false }
        return used
    }

    /// `body` may call anything: the queue is not being accessed meanwhile, and what it takes from there is not counted here.
    private func lendFirst(_ body: (RawSpan) -> Int) -> (used: Int, isAll: Bool)? {
        guard let chunk = self.receiveQueue.firstChunk else { return nil }
        let lent = chunk.count
        let used = min(max(chunk.withBytes(body), 0), lent)
        guard self.receiveQueue.firstChunk === chunk, chunk.count == lent else { return (0, true) }
        chunk.consume(used)
        return (used, used == lent)
    }

    /// Bytes or a FIN wait to be sent.
    var hasSomethingToSend: Bool {
        guard self.sending.canWrite else { return false }
        return self.sendQueue.unsent > 0 || (self.wantsFIN && !self.isFINCommitted)
    }

    /// Neither end has anything left to do: the peer may open another stream in its place.
    var isDone: Bool { self.receiving.isFinal && (self.isClosedByTransport || self.sending.isFinal) }
}

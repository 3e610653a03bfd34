internal import CLinuxUDP

/// Datagrams on their way out, written into one arena and sent with as few calls as possible.
///
///     batch.withFreeSpace { space in written = connection.write(into: &space) }
///     batch.append(count: written, segmentSize: 1200, remote: peer, local: local, ecn: 2)
///     if try batch.flush(through: socket) == .blocked { loop.awaitWritable(socket, true) }
///
/// What the socket does not take stays, in order and untouched, because a packet must not be encrypted twice.
@safe public final class TransmitBatch {
    /// How far a flush came.
    public enum Outcome: Sendable {
        /// The batch is empty: everything has left or is counted as lost.
        case sent
        /// The rest waits for the socket to become writable.
        case blocked
        /// A queue of this host is full: flush the rest a little later, not at once.
        case pause
    }

    /// One run of equally long datagrams to one peer; the last may be shorter.
    struct Entry {
        var start: Int
        var count: Int
        var segmentSize: Int
        var remote: SocketAddress
        var local: SocketAddress
        var ecn: UInt8
    }

    /// How many bytes the arena holds.
    public let capacity: Int
    /// How many runs the batch holds.
    public let maximumEntries: Int
    let arena: UnsafeMutableRawPointer
    private(set) var used = 0
    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) var entries: [Entry] = []

    /// The first entry that has not left completely, and how many of its bytes have.
    var cursor = (entry: 0, offset: 0)
    /// Why the kernel refused the message at the cursor; sent one by one, it tells whether segmentation was the reason.
    var doubt: Errno?
    let messages: UnsafeMutablePointer<tern_udp_message>
    let parts: UnsafeMutablePointer<tern_udp_slot>
    @safe @exclusivity(unchecked) var outgoing: [OutgoingDatagram] = []

    /// How many messages go into one call.
    static let messagesPerCall = 64

    /// Creates an empty batch.
    public init(capacity: Int = 256 << 10, maximumEntries: Int = 64) {
        self.capacity = max(capacity, 1)
        self.maximumEntries = max(maximumEntries, 1)
        unsafe self.arena = .allocate(byteCount: self.capacity, alignment: 64)
        // What is lent for writing counts as initialized.
        unsafe self.arena.initializeMemory(as: UInt8.self, repeating: 0, count: self.capacity)
        unsafe self.messages = .allocate(capacity: TransmitBatch.messagesPerCall)
        unsafe self.parts = .allocate(capacity: TransmitBatch.messagesPerCall)
        unsafe self.messages.initialize(repeating: tern_udp_message(), count: TransmitBatch.messagesPerCall)
        unsafe self.parts.initialize(repeating: tern_udp_slot(), count: TransmitBatch.messagesPerCall)
        self.entries.reserveCapacity(self.maximumEntries)
        self.outgoing.reserveCapacity(TransmitBatch.messagesPerCall)
    }

    deinit {
        unsafe self.arena.deallocate()
        unsafe self.messages.deallocate()
        unsafe self.parts.deallocate()
    }

    /// Whether nothing waits.
    public var isEmpty: Bool { self.entries.isEmpty }
    /// How many bytes are free.
    public var room: Int { self.capacity - self.used }
    /// How many more runs fit.
    public var entriesLeft: Int { self.maximumEntries - self.entries.count }

    /// Lends the free end of the arena, or the first `limit` bytes of it; what is written there counts only after
    /// ``append(count:segmentSize:remote:local:ecn:)``.
    public func withFreeSpace<R>(atMost limit: Int = .max, _ body: (inout MutableRawSpan) -> R) -> R {
        let count = min(self.room, max(limit, 0))
        var span = unsafe MutableRawSpan(_unsafeStart: self.arena + self.used, byteCount: count)
        return body(&span)
    }

    /// Takes the next `count` bytes of the free end as one run of datagrams of `segmentSize` bytes.
    ///
    /// A wildcard as `local` lets the kernel choose the source. Returns false, and takes nothing, if the batch is full.
    @discardableResult
    public func append(
        count: Int, segmentSize: Int, remote: SocketAddress, local: SocketAddress, ecn: UInt8
    ) -> Bool {
        guard count >= 0, count <= self.room, self.entriesLeft > 0 else { return false }
        let size = min(max(segmentSize, 1), max(count, 1))
        self.entries.append(
            Entry(start: self.used, count: count, segmentSize: size, remote: remote, local: local, ecn: ecn & 3))
        self.used += count
        return true
    }

    /// Copies a run of datagrams into the batch; false if it is full.
    public func append(
        copying bytes: RawSpan, segmentSize: Int, remote: SocketAddress, local: SocketAddress, ecn: UInt8
    ) -> Bool {
        guard bytes.byteCount <= self.room, self.entriesLeft > 0 else { return false }
        unsafe bytes.withUnsafeBytes { source in
            if let base = source.baseAddress, source.count > 0 {
                unsafe (self.arena + self.used).copyMemory(from: base, byteCount: source.count)
            }
        }
        return self.append(count: bytes.byteCount, segmentSize: segmentSize, remote: remote, local: local, ecn: ecn)
    }

    /// Passes over the next `count` bytes of the free end after `body` has seen them: they leave another way.
    public func skip(_ count: Int, _ body: (RawSpan) -> Void) {
        let count = min(max(count, 0), self.room)
        body(unsafe RawSpan(_unsafeStart: self.arena + self.used, byteCount: count))
        self.used += count
    }

    /// Forgets everything that has not left.
    public func discard() {
        self.entries.removeAll(keepingCapacity: true)
        self.used = 0
        self.cursor = (0, 0)
        self.doubt = nil
    }
}

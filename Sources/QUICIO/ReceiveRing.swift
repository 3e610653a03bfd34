internal import CLinuxUDP

/// Memory for datagrams that arrive, prepared once: a receive allocates nothing.
///
///     let ring = ReceiveRing()
///     for slot in 0..<(try socket.receive(into: ring)) {
///         let datagram = ring.received(slot)
///         ring.withBytes(of: slot) { bytes in handle(bytes, from: datagram.remote) }
///     }
///
/// What a slot holds is valid until the next receive. A slot smaller than 65,535 bytes truncates joined datagrams,
/// unless ``UDPSocketOptions/usesReceiveOffload`` is off.
@safe public final class ReceiveRing {
    /// What is known of the datagrams in one slot.
    public struct Received: Hashable, Sendable {
        /// How many bytes the slot holds.
        public let count: Int
        /// Where to cut them into datagrams; the last may be shorter. The same as `count` for a single datagram.
        public let segmentSize: Int
        /// Who sent them.
        public let remote: SocketAddress
        /// To which of our addresses they came, with the port of the socket.
        public let local: SocketAddress
        /// Their congestion mark, 0 to 3 (RFC 3168 §5).
        public let ecn: UInt8
        /// Whether the slot was too small; the rest is lost, and what is left cannot be authentic.
        public let isTruncated: Bool
    }

    /// How many slots there are.
    public let slots: Int
    /// How many bytes each holds.
    public let slotSize: Int
    private let messages: UnsafeMutablePointer<tern_udp_message>
    private let parts: UnsafeMutablePointer<tern_udp_slot>
    private let bytes: UnsafeMutableRawPointer
    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) private var datagrams: [Received] = []
    @safe @exclusivity(unchecked) private var overflows: [UInt32?] = []

    /// Creates a ring; memory that no datagram has reached yet costs nothing.
    public init(slots: Int = 32, slotSize: Int = 65_536) {
        // 1,024 is the kernel's limit for one call.
        self.slots = min(max(slots, 1), 1024)
        self.slotSize = max(slotSize, 1)
        unsafe self.messages = .allocate(capacity: self.slots)
        unsafe self.parts = .allocate(capacity: self.slots)
        unsafe self.bytes = .allocate(byteCount: self.slots * self.slotSize, alignment: 64)
        unsafe self.messages.initialize(repeating: tern_udp_message(), count: self.slots)
        unsafe self.parts.initialize(repeating: tern_udp_slot(), count: self.slots)
        self.datagrams.reserveCapacity(self.slots)
        self.overflows.reserveCapacity(self.slots)
        for slot in 0..<self.slots { self.prepare(slot) }
    }

    deinit {
        unsafe self.messages.deallocate()
        unsafe self.parts.deallocate()
        unsafe self.bytes.deallocate()
    }

    /// What is known of the datagrams in a slot that the last receive filled.
    public func received(_ slot: Int) -> Received { self.datagrams[slot] }

    /// Lends the bytes of a slot that the last receive filled.
    public func withBytes<R: ~Copyable, E: Error>(
        of slot: Int, _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        let count = self.datagrams[slot].count
        let start = unsafe self.bytes + slot * self.slotSize
        return try body(unsafe RawSpan(_unsafeStart: start, byteCount: count))
    }

    /// The kernel's count of lost datagrams, if the datagram in the slot brought one.
    func overflow(_ slot: Int) -> UInt32? { self.overflows[slot] }

    /// One call of `recvmmsg`: how many slots are filled, or -1 with `errno`.
    func receive(from descriptor: Int32, localAddress: SocketAddress) -> Int32 {
        // The kernel has written the lengths into those that were used.
        for slot in 0..<self.datagrams.count { self.prepare(slot) }
        self.datagrams.removeAll(keepingCapacity: true)
        self.overflows.removeAll(keepingCapacity: true)
        let count = unsafe tern_udp_receive(descriptor, self.messages, UInt32(clamping: self.slots))
        guard count > 0 else { return count }
        for slot in 0..<Int(count) {
            let raw = unsafe tern_udp_read(self.messages + slot, localAddress.port)
            let nobody = SocketAddress(family: localAddress.family, high: 0, low: 0, port: 0)
            self.datagrams.append(
                Received(
                    count: min(Int(raw.count), self.slotSize), segmentSize: Int(raw.segment_size),
                    remote: SocketAddress(raw.remote) ?? nobody, local: SocketAddress(raw.local) ?? localAddress,
                    ecn: raw.ecn, isTruncated: raw.is_truncated != 0))
            self.overflows.append(raw.has_overflow != 0 ? raw.overflow : nil)
        }
        return count
    }

    private func prepare(_ slot: Int) {
        unsafe tern_udp_prepare_receive(
            self.messages + slot, self.parts + slot, self.bytes + slot * self.slotSize, self.slotSize)
    }
}

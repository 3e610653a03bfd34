internal import QUICEngine

/// RFC 9221 datagrams on their way between the application and the loop, bounded: the oldest arrivals and the newest
/// departures are dropped.
struct DatagramBox: Sendable {
    private var arrived = RingBuffer<[UInt8]>()
    private var arrivedBytes = 0
    private var departing = RingBuffer<[UInt8]>()
    private(set) var droppedOnArrival: UInt64 = 0
    /// The largest that can be sent now; 0: none.
    private(set) var maximumSize = 0
    /// Bytes in them.
    private var departingBytes = 0
    /// How many the engine holds besides.
    private var queuedInEngine = 0
    private var end: QUICError?
    /// Whether there is an `end`, which is large: to copy it for each question took longer than the answer.
    private var isOver = false
    private var isSignalled = false
    private let arrivalLimit: Int
    private let arrivalByteLimit: Int
    private let departureLimit: Int
    private let departureByteLimit: Int

    init(_ limits: EngineConfiguration.DatagramLimits) {
        self.arrivalLimit = max(limits.receiveQueueCount, 1)
        self.arrivalByteLimit = max(limits.receiveQueueBytes, 1)
        self.departureLimit = max(limits.sendQueueCount, 1)
        self.departureByteLimit = max(limits.sendQueueBytes, 1)
    }

    mutating func receive() -> Result<[UInt8], QUICError>? {
        if let bytes = self.arrived.popFirst() {
            self.arrivedBytes -= bytes.count
            return .success(bytes)
        }
        return self.end.map { .failure($0) }
    }

    /// What came of a datagram that was offered.
    enum Offer: Sendable {
        case queued(needsSignal: Bool), full
        case refused(QUICError)
    }

    mutating func send(_ bytes: consuming [UInt8]) -> Offer {
        if self.isOver, let end = self.end { return .refused(end) }
        guard !bytes.isEmpty else { return .refused(QUICError(.refused, "an empty datagram can't be sent")) }
        guard self.maximumSize > 0 else {
            return .refused(
                QUICError(
                    .limitReached,
                    "the peer accepts no datagrams: it has to offer max_datagram_frame_size in the handshake"))
        }
        guard bytes.count <= self.maximumSize else {
            return .refused(
                QUICError(.limitReached, "a datagram of \(bytes.count) bytes is too long: \(self.maximumSize) fit now"))
        }
        guard self.hasRoom else { return .full }
        self.departingBytes += bytes.count
        self.departing.append(bytes)
        defer { self.isSignalled = true }
        return .queued(needsSignal: !self.isSignalled)
    }

    var hasRoom: Bool {
        if self.isOver { return true }
        return self.departing.count + self.queuedInEngine < self.departureLimit
            && self.departingBytes < self.departureByteLimit
    }

    // MARK: The connection's side

    /// Takes all that arrived. True: who waits for some should look.
    mutating func deliver(from engine: ConnectionEngine) -> Bool {
        var count = 0
        while let bytes = engine.readDatagram() {
            self.arrivedBytes += bytes.count
            while self.arrived.count >= self.arrivalLimit || self.arrivedBytes > self.arrivalByteLimit,
                let oldest = self.arrived.popFirst()
            {
                self.arrivedBytes -= oldest.count
                self.droppedOnArrival &+= 1
            }
            self.arrived.append(bytes)
            count += 1
        }
        return count > 0
    }

    /// Gives datagrams to the engine while that has room. Those that it has no room for stay: they were promised. True: who
    /// waits for room should look.
    mutating func depart(to engine: ConnectionEngine) -> Bool {
        self.isSignalled = false
        let hadRoom = self.hasRoom
        while let bytes = self.departing.popFirst() {
            let count = bytes.count
            guard self.isOver || engine.hasRoomForDatagram(of: count) || engine.datagramsQueued == 0 else {
                self.departing.prepend(bytes)
                break
            }
            // What does not fit a packet any more is lost, as datagrams may be.
            if (try? engine.sendDatagram(bytes)) != nil { self.queuedInEngine += 1 }
            self.departingBytes -= count
        }
        return !hadRoom && self.hasRoom
    }

    /// Whether the engine has sent all it had while others wait here.
    var isDue: Bool { self.queuedInEngine == 0 && !self.departing.isEmpty }

    /// True: who waits for room should look.
    mutating func note(maximumSize: Int, queuedInEngine: Int) -> Bool {
        let hadRoom = self.hasRoom
        self.maximumSize = maximumSize
        self.queuedInEngine = queuedInEngine
        return !hadRoom && self.hasRoom
    }

    mutating func fail(_ error: QUICError) -> Bool {
        guard !self.isOver else { return false }
        self.isOver = true
        self.end = error
        return true
    }
}

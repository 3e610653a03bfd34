/// One end of a yamux connection without its connection: bytes of the peer go in, bytes for the peer come out.
///
/// Small, for what goes through a relay. Everything is bounded: streams, the bytes that wait in each direction, and what a
/// peer can make us answer.
struct YamuxSession: Sendable {
    enum Role: Sendable {
        case client, server
    }

    /// How a write or a read went.
    enum Transfer<Value: Sendable & Equatable>: Equatable, Sendable {
        case done(Value)
        /// Nothing now: wait for the peer.
        case wait
        /// Nothing more, in good order.
        case end
        /// The peer, or we, gave the stream up.
        case reset(StreamCode)
    }

    /// What each direction of a stream begins with, and what this end never exceeds (yamux §Flow Control).
    static let initialWindow: UInt32 = 262_144
    /// Streams of each side at once, and of ours those that the peer has not acknowledged.
    static let maximumStreams = 256
    /// The most bytes that wait to be sent before writers wait too.
    static let maximumOutput = 262_144
    /// The most that a peer which does not read can make us answer.
    static let maximumAnswers = 65_536
    /// The most bytes that wait to be read, over all streams: far more than a relay carries.
    static let maximumWaiting = 16 << 20
    /// The most data in one frame of ours.
    static let maximumFrame = 16_384

    let role: Role
    var streams: [UInt32: YamuxStreamState] = [:]
    /// Streams of the peer that nobody has taken yet, the oldest first.
    var arrivals: [UInt32] = []
    /// What is to be sent. Taken with ``takeOutput()``.
    private(set) var output: [UInt8] = []
    private var answers = 0
    /// How many bytes wait to be read.
    var waiting = 0
    private var header: [UInt8] = []
    /// The rest of the data frame that is being read, and its stream.
    private var body: (stream: UInt32, flags: YamuxFrame.Flags, remaining: Int)?
    private var nextStream: UInt32
    /// The code with which the peer went away; it opens no more streams and takes none.
    private(set) var goneAway: UInt32?
    private(set) var hasSaidFarewell = false

    init(_ role: Role) {
        self.role = role
        self.nextStream = role == .client ? 1 : 2
    }

    /// Takes what the peer sent, in pieces of any size.
    mutating func receive(_ bytes: [UInt8]) throws(YamuxFault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if let body = self.body {
                let piece = rest.prefix(body.remaining)
                rest = rest.dropFirst(piece.count)
                try self.receive(piece, of: body)
            } else {
                let piece = rest.prefix(YamuxFrame.byteCount - self.header.count)
                self.header += piece
                rest = rest.dropFirst(piece.count)
                guard self.header.count == YamuxFrame.byteCount else { return }
                let frame = try YamuxFrame(decoding: self.header)
                self.header.removeAll(keepingCapacity: true)
                try self.receive(frame)
            }
        }
    }

    /// Takes what is to be sent to the peer.
    mutating func takeOutput() -> [UInt8] {
        defer {
            self.output = []
            self.answers = 0
        }
        return self.output
    }

    /// Our streams that are open.
    var openedCount: Int { self.streams.keys.count { self.isOurs($0) } }

    /// Whether ``open()`` would give a stream now, as far as numbers go.
    var canOpen: Bool { self.openedCount < Self.maximumStreams && self.goneAway == nil && !self.hasSaidFarewell }

    /// Opens a stream; nil where ``canOpen`` is false or the numbers are used up.
    mutating func open() -> UInt32? {
        guard self.canOpen, self.nextStream < UInt32.max - 2 else { return nil }
        let id = self.nextStream
        self.nextStream += 2
        self.streams[id] = YamuxStreamState()
        self.send(YamuxFrame(.windowUpdate, .syn, stream: id))
        return id
    }

    /// Takes a stream that the peer has opened.
    mutating func accept() -> UInt32? {
        guard !self.arrivals.isEmpty else { return nil }
        let id = self.arrivals.removeFirst()
        if self.streams[id] != nil { self.send(YamuxFrame(.windowUpdate, .ack, stream: id)) }
        return id
    }

    /// Tells the peer that we open and take no more streams.
    mutating func sayFarewell(_ code: UInt32) {
        guard !self.hasSaidFarewell else { return }
        self.hasSaidFarewell = true
        self.send(YamuxFrame(.goAway, number: code))
    }

    func isOurs(_ id: UInt32) -> Bool { (id % 2 == 1) == (self.role == .client) }

    mutating func send(_ frame: YamuxFrame, _ data: ArraySlice<UInt8> = []) {
        self.output += frame.encoded
        self.output += data
    }

    /// What the peer makes us send, of which it may not make us keep any amount.
    private mutating func answer(_ frame: YamuxFrame) throws(YamuxFault) {
        self.answers += YamuxFrame.byteCount
        guard self.answers <= Self.maximumAnswers else { throw YamuxFault("asks for answers and does not read them") }
        self.send(frame)
    }
}

extension YamuxSession {
    private mutating func receive(_ frame: YamuxFrame) throws(YamuxFault) {
        switch frame.kind {
        case .ping:
            guard frame.stream == 0 else { throw YamuxFault("a ping on stream \(frame.stream)") }
            // An answer to a ping carries ACK; we ask none, and one that nobody asked for does no harm.
            guard frame.flags.contains(.syn) else { return }
            try self.answer(YamuxFrame(.ping, .ack, number: frame.number))
        case .goAway:
            guard frame.stream == 0 else { throw YamuxFault("a farewell on stream \(frame.stream)") }
            self.goneAway = self.goneAway ?? frame.number
        case .windowUpdate:
            try self.begin(frame)
            // libp2p puts the code of a reset where the window stands.
            if frame.flags.contains(.rst) { return self.receiveReset(frame.stream, code: frame.number) }
            try self.streams[frame.stream]?.extendSendWindow(by: frame.number)
            try self.receiveFlags(frame.flags, of: frame.stream)
        case .data:
            try self.begin(frame)
            // For a stream that is gone the data is passed over, whatever its length: it was sent before the peer knew.
            if let stream = self.streams[frame.stream] {
                guard frame.number <= stream.receiveWindow else {
                    throw YamuxFault("\(frame.number) bytes where \(stream.receiveWindow) are allowed")
                }
                self.streams[frame.stream]?.receiveWindow -= frame.number
            }
            let body = (frame.stream, frame.flags, Int(frame.number))
            guard frame.number == 0 else { return self.body = body }
            try self.receive([], of: body)
        }
    }

    private mutating func receive(
        _ piece: ArraySlice<UInt8>, of body: (stream: UInt32, flags: YamuxFrame.Flags, remaining: Int)
    ) throws(YamuxFault) {
        if let isPassedOver = self.streams[body.stream]?.take(piece) {
            if isPassedOver { self.refillWindow(of: body.stream) } else { self.waiting += piece.count }
            guard self.waiting <= Self.maximumWaiting else { throw YamuxFault("sends more than anybody reads") }
        }
        let remaining = body.remaining - piece.count
        guard remaining == 0 else {
            return self.body = (body.stream, body.flags, remaining)
        }
        self.body = nil
        if body.flags.contains(.rst) { return self.receiveReset(body.stream, code: 0) }
        try self.receiveFlags(body.flags, of: body.stream)
    }

    /// A frame with SYN begins a stream; one that is too many is refused, and its data passed over.
    private mutating func begin(_ frame: YamuxFrame) throws(YamuxFault) {
        guard frame.stream != 0 else { throw YamuxFault("data or a window for stream 0") }
        guard frame.flags.contains(.syn) else {
            // A stream of ours that was never opened can't be what a peer forgot.
            guard !self.isOurs(frame.stream) || frame.stream < self.nextStream else {
                throw YamuxFault("stream \(frame.stream), which nobody has opened")
            }
            return
        }
        guard !self.isOurs(frame.stream), self.streams[frame.stream] == nil else {
            throw YamuxFault("opened stream \(frame.stream), which is not the peer's to open")
        }
        guard self.streams.count - self.openedCount < Self.maximumStreams, !self.hasSaidFarewell else {
            return try self.answer(YamuxFrame(.windowUpdate, .rst, stream: frame.stream))
        }
        self.streams[frame.stream] = YamuxStreamState()
        self.arrivals.append(frame.stream)
    }

    private mutating func receiveFlags(_ flags: YamuxFrame.Flags, of id: UInt32) throws(YamuxFault) {
        guard flags.contains(.fin), self.streams[id] != nil else { return }
        self.streams[id]?.isPeerFinished = true
        self.forgetIfOver(id)
    }

    private mutating func receiveReset(_ id: UInt32, code: UInt32) {
        guard let stream = self.streams[id] else { return }
        self.waiting -= stream.received.count
        self.streams[id]?.reset(StreamCode(rawValue: UInt64(code)))
        // Whoever holds the stream must still see it; one that nobody has taken need not be taken.
        guard let index = self.arrivals.firstIndex(of: id) else { return }
        self.arrivals.remove(at: index)
        self.streams[id] = nil
    }
}

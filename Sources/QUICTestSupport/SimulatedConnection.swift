public import QUICEngine

/// A connection in a simulation: an engine, and an application that reads and writes for the test.
public final class SimulatedConnection {
    /// The engine; nil once the connection is over and was let go.
    public internal(set) var engine: ConnectionEngine?
    /// Everything that happened, in order.
    public private(set) var events: [ConnectionEvent] = []
    /// What was read from each stream.
    public private(set) var received: [StreamID: [UInt8]] = [:]
    /// Streams that were read to their end.
    public private(set) var ended: Set<StreamID> = []
    /// Streams that the peer reset, with its code.
    public private(set) var resets: [StreamID: UInt64] = [:]
    /// Datagrams that arrived.
    public private(set) var receivedDatagrams: [[UInt8]] = []
    /// Why the connection ended.
    public private(set) var closeReason: ConnectionCloseReason?
    /// Whether data is read as soon as it arrives.
    public var readsAutomatically = true
    /// Whether events and data are kept; long transfers turn it off.
    public var keepsRecords = true
    /// Called for every event, after the engine has returned.
    public var onEvent: ((SimulatedConnection, ConnectionEvent) -> Void)?
    /// Called with the size of every piece of data that was read.
    public var onData: ((SimulatedConnection, StreamID, Int) -> Void)?
    /// Called with every piece of data that was read, whether it is kept or not.
    public var onBytes: ((StreamID, ArraySlice<UInt8>) -> Void)?

    private struct Writer {
        var bytes: [UInt8]
        var offset = 0
        var finishes: Bool
    }

    private var writers: [StreamID: Writer] = [:]
    private var scratch = [UInt8](repeating: 0, count: 16_384)

    init(engine: ConnectionEngine) { self.engine = engine }

    /// Where the connection stands.
    public var phase: ConnectionPhase { self.engine?.phase ?? .closed }

    /// Whether an event happened.
    public func saw(_ event: ConnectionEvent) -> Bool { self.events.contains(event) }

    /// Whether TLS is complete.
    public var isConnected: Bool { self.saw(.handshakeCompleted) }

    /// Queues bytes for a stream; they go out as the engine takes them.
    public func send(_ bytes: [UInt8], on id: StreamID, finish: Bool = true) {
        self.writers[id, default: Writer(bytes: [], finishes: false)].bytes += bytes
        if finish { self.writers[id]?.finishes = true }
        self.pump(id)
    }

    /// Opens a stream and sends on it.
    @discardableResult
    public func open(
        _ direction: StreamDirection = .bidirectional, sending bytes: [UInt8] = [], finish: Bool = true,
        priority: StreamPriority = .normal
    ) throws -> StreamID {
        guard let engine = self.engine else { throw EngineError(.connectionStateMismatch, "the connection is over") }
        let id = try engine.openStream(direction, priority: priority)
        self.send(bytes, on: id, finish: finish)
        return id
    }

    /// Reads what is there of one stream.
    public func read(_ id: StreamID) {
        guard let engine = self.engine else { return }
        while true {
            var span = self.scratch.mutableSpan
            var target = span.mutableBytes
            guard let result = try? engine.read(id, into: &target) else { return }
            switch result {
            case .bytes(0): return
            case .bytes(let count):
                if self.keepsRecords { self.received[id, default: []] += self.scratch[..<count] }
                self.onBytes?(id, self.scratch[..<count])
                self.onData?(self, id, count)
            case .end:
                self.ended.insert(id)
                return
            case .reset(let code):
                self.resets[id] = code
                return
            }
        }
    }

    func process(_ route: (ConnectionEvent) -> Void) {
        guard let engine = self.engine else { return }
        for event in engine.drainEvents() {
            route(event)
            if self.keepsRecords {
                self.events.append(event)
            } else if event == .handshakeCompleted {
                self.events.append(event)
            }
            self.react(to: event, engine)
            self.onEvent?(self, event)
        }
    }

    /// The connection is over: nothing is driven any more, and closures that hold their test go.
    func letGo() {
        self.engine = nil
        self.onEvent = nil
        self.onData = nil
        self.onBytes = nil
    }

    private func react(to event: ConnectionEvent, _ engine: ConnectionEngine) {
        switch event {
        case .streamReadable(let id) where self.readsAutomatically: self.read(id)
        case .streamWritable(let id): self.pump(id)
        case .streamStopped(let id, _): self.writers[id] = nil
        case .datagramReadable:
            while let datagram = engine.readDatagram() { self.receivedDatagrams.append(datagram) }
        case .closed(let reason):
            self.closeReason = reason
            self.writers = [:]
        case .earlyDataRejected: self.writers = [:]
        default: break
        }
    }

    private func pump(_ id: StreamID) {
        guard let engine = self.engine, var writer = self.writers[id] else { return }
        do {
            if writer.offset < writer.bytes.count {
                writer.offset += try engine.write(writer.bytes.span.bytes.extracting(writer.offset...), to: id)
            }
            self.writers[id] = writer
            guard writer.offset == writer.bytes.count else { return }
            if writer.finishes { try engine.finish(id) }
        } catch {}
        self.writers[id] = nil
    }
}

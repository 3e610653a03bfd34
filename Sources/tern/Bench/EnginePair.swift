import QUICEngine
import QUICIO
import QUICTestSupport

/// A server that sends, a client that receives, and two buffers between them. Real time, no network.
final class EnginePair {
    private(set) var packets: UInt64 = 0
    private(set) var bytesDelivered = 0
    private(set) var chunksDelivered = 0

    private let client: ConnectionEngine
    private let burst: Int
    private var server: ConnectionEngine?
    private let accept: (RawSpan, EngineInstant) throws -> ConnectionEngine
    private let path: NetworkPath
    private let piece: Chunk
    private let source: [UInt8]
    private var streams: [StreamID] = []
    private var buffer = [UInt8](repeating: 0, count: 4 << 20)
    private var events: [ConnectionEvent] = []

    init(_ configuration: EngineConfiguration, burst: Int) throws {
        self.burst = burst
        let resources = EngineResources()
        let now = EngineInstant(nanoseconds: MonotonicClock.now())
        let identities = try TestIdentities(now: WallClock.seconds(), keyKind: .ecdsaP256)
        let server = NetworkAddress(ipv4: (127, 0, 0, 1), port: 443)
        let path = NetworkPath(local: NetworkAddress(ipv4: (127, 0, 0, 1), port: 50_000), remote: server)
        var tls = TLSClientConfiguration(serverName: "localhost", protocols: ["bench"])
        tls.trust = .roots(identities.store)
        tls.cryptography.ciphers = [.aes128GCM]
        let serverTLS = TLSServerConfiguration(
            identities: ServerIdentities(default: try identities.identity(for: ["localhost"], keyKind: .ecdsaP256)),
            protocols: ["bench"])
        let random = SystemRandomness()
        self.client = try ConnectionEngine(
            ClientAttempt(path: path, tls: tls, configuration: configuration), resources: resources, random: random,
            now: now)
        self.accept = { datagram, now in
            let acceptance = ServerAcceptance(
                try InitialPacket(datagram), path: path.reversed, tls: serverTLS, configuration: configuration,
                resetSecret: [UInt8](repeating: 1, count: 32))
            return try ConnectionEngine(acceptance, resources: resources, random: random, now: now)
        }
        self.path = path
        let source = [UInt8](repeating: 0x42, count: 65_536)
        guard let piece = resources.pool.makeChunk(copying: source.span.bytes).first else {
            throw UsageError(message: "no chunk")
        }
        self.piece = piece
        self.source = source
    }

    func shakeHands() throws {
        var rounds = 0
        while self.client.phase != .confirmed {
            try self.turn(target: .max)
            rounds += 1
            guard rounds < 1_000_000, self.client.closeReason == nil else {
                throw UsageError(message: "no handshake: \(String(describing: self.client.closeReason))")
            }
        }
    }

    func openStream() throws {
        guard let server = self.server else { return }
        self.streams.append(try server.openStream(.unidirectional))
    }

    /// Moves `count` more bytes from the server to the client.
    func move(_ count: Int, copies: Bool) throws {
        let goal = self.bytesDelivered + count
        while self.bytesDelivered < goal {
            try self.refill(copies: copies)
            try self.turn(target: goal)
            if let reason = self.client.closeReason { throw UsageError(message: "\(reason)") }
        }
    }

    private func refill(copies: Bool) throws {
        guard let server = self.server else { return }
        let source = self.source
        for stream in self.streams {
            if copies {
                while try server.write(source.span.bytes, to: stream) == source.count {}
            } else {
                while try server.write(self.piece, to: stream) {}
            }
        }
    }

    private func turn(target: Int) throws {
        let now = EngineInstant(nanoseconds: MonotonicClock.now())
        if let server = self.server {
            try self.pass(from: server, to: self.client, on: self.path, now: now)
            server.drainEvents(into: &self.events)
            self.events.removeAll(keepingCapacity: true)
        }
        self.readAll()
        try self.pass(from: self.client, to: self.server, on: self.path.reversed, now: now)
        self.client.handleTimeout(now: now)
        self.server?.handleTimeout(now: now)
    }

    private func readAll() {
        self.events.removeAll(keepingCapacity: true)
        self.client.drainEvents(into: &self.events)
        for case .streamReadable(let id) in self.events {
            while let chunk = try? self.client.readChunk(id) {
                self.bytesDelivered += chunk.count
                self.chunksDelivered += 1
            }
        }
    }

    private func pass(
        from sender: ConnectionEngine, to receiver: ConnectionEngine?, on path: NetworkPath, now: EngineInstant
    ) throws {
        // Out of the object while it is lent: a span may not outlive the access to a stored property.
        var buffer: [UInt8] = []
        swap(&buffer, &self.buffer)
        defer { swap(&buffer, &self.buffer) }
        var span = buffer.mutableSpan
        var target = span.mutableBytes
        guard sender.transmit(into: &target, maximumDatagrams: self.burst, now: now) > 0 else { return }
        for run in sender.runs {
            let datagrams = buffer.span.bytes.extracting(run.offset..<run.offset + run.count)
            let engine = try receiver ?? self.accept(datagrams.extracting(first: run.segmentSize), now)
            if receiver == nil { self.server = engine }
            // No marks, as in the C loop that this is compared with: counting them costs about one percent.
            engine.receive(datagrams, segmentSize: run.segmentSize, path: path, ecn: .notCapable, now: now)
            self.packets += UInt64(run.datagrams)
        }
    }
}

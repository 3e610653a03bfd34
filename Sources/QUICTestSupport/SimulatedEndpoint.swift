public import QUICEngine

/// A host with one UDP address in a simulation: it dials, it accepts, and it routes packets by connection ID.
public final class SimulatedEndpoint {
    /// How a listening endpoint answers.
    public struct Listener {
        /// How TLS is done.
        public var tls: TLSServerConfiguration
        /// Numbers and choices of accepted connections.
        public var configuration: EngineConfiguration
        /// Makes every client come twice (RFC 9000 §8.1.2).
        public var sendsRetry = false
        /// Makes and checks tokens.
        public var tokenKeys = TokenKeys(current: Array(repeating: 0x5a, count: 32))
        /// Gives clients a token for their next visit.
        public var givesTokens = true
        /// Where clients should move.
        public var preferredAddress: PreferredAddress?
        /// The versions offered in Version Negotiation, and accepted.
        public var versions: [QUICVersion]
        /// Called for every connection that is accepted.
        public var onAccept: ((SimulatedConnection) -> Void)?

        /// Creates a listener.
        public init(tls: TLSServerConfiguration, configuration: EngineConfiguration = .defaults()) {
            self.tls = tls
            self.configuration = configuration
            self.versions = configuration.versions.filter(EngineLibrary.versions.contains)
        }
    }

    /// The address packets leave from; changing it is a move.
    public var address: NetworkAddress
    /// Other addresses that reach this endpoint.
    public var otherAddresses: [NetworkAddress] = []
    /// Set on endpoints that accept connections.
    public var listener: Listener?
    /// Connections that were accepted, in order.
    public private(set) var accepted: [SimulatedConnection] = []
    /// Connections that are not over yet.
    public private(set) var live: [(handle: Int, connection: SimulatedConnection)] = []
    /// Derives reset tokens; the same after a restart.
    public var resetSecret: [UInt8]
    /// Whether packets for unknown connections are answered with a stateless reset.
    public var sendsStatelessResets = true
    /// Packets answered with Retry, Version Negotiation and stateless resets, and dropped ones.
    public private(set) var answers = Answers()
    /// Where packets go.
    public private(set) var table = ConnectionTable<Int>()
    /// Makes connection IDs.
    public var generator: any ConnectionIDGenerator = RandomConnectionIDGenerator()

    /// Counts of what was answered without a connection.
    public struct Answers: Equatable, Sendable {
        /// Retry packets.
        public var retries = 0
        /// Version Negotiation packets.
        public var versionNegotiations = 0
        /// Stateless resets.
        public var resets = 0
        /// Datagrams that nobody wanted.
        public var dropped = 0
    }

    /// Owns this endpoint, and lives longer.
    unowned let simulation: Simulation
    private var nextHandle = 0
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    init(_ address: NetworkAddress, _ simulation: Simulation) {
        self.address = address
        self.simulation = simulation
        self.resetSecret = (0..<32).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(address.port)) }
    }

    /// Dials `remote`. `configure` may change the attempt before it starts.
    public func connect(
        to remote: NetworkAddress, tls: TLSClientConfiguration, configuration: EngineConfiguration = .defaults(),
        _ configure: (inout ClientAttempt) -> Void = { _ in }
    ) throws -> SimulatedConnection {
        var attempt = ClientAttempt(
            path: NetworkPath(local: self.address, remote: remote), tls: tls, configuration: configuration)
        attempt.generator = self.generator
        configure(&attempt)
        let engine = try ConnectionEngine(
            attempt, resources: self.simulation.resources, random: self.simulation.random, now: self.simulation.now)
        return self.adopt(engine)
    }

    /// Forgets every connection, as if the process had been killed and started again.
    public func restart() {
        for (_, connection) in self.live { connection.letGo() }
        self.live.removeAll()
        self.accepted.removeAll()
        self.table = ConnectionTable()
    }

    func receive(_ delivery: Delivery) {
        let bytes = delivery.bytes.span.bytes
        guard let header = StatelessPacket.header(of: bytes, localIDLength: self.generator.length) else {
            self.answers.dropped += 1
            return
        }
        switch header {
        case .unknownVersion(let destination, let source):
            self.negotiateVersion(destination, source, delivery)
        case .short(let destination):
            self.deliver(delivery, to: destination) {
                // RFC 9000 §10.3.1: what nobody knows may be a reset, which its last bytes tell.
                if let handle = self.table.owner(ofResetIn: delivery.bytes.span.bytes) {
                    self.deliver(delivery, to: handle)
                } else {
                    self.resetStatelessly(destination, delivery)
                }
            }
        case .long(let version, let destination, let source):
            self.deliver(delivery, to: destination) {
                if let listener = self.listener, version.rawValue != 0, !listener.versions.contains(version) {
                    self.negotiateVersion(destination.bytes, source.bytes, delivery)
                } else {
                    self.accept(delivery)
                }
            }
        }
    }

    /// Hands packets of all connections to the network. Returns whether there were any.
    func transmit() -> Bool {
        var sent = false
        for (_, connection) in self.live {
            guard let engine = connection.engine else { continue }
            while self.transmitBurst(engine) { sent = true }
            self.digest(connection)
        }
        return sent
    }

    func handleTimeouts(now: EngineInstant) {
        self.table.forgetRetired(now: now)
        for (_, connection) in self.live {
            guard let engine = connection.engine, let timeout = engine.nextTimeout, timeout <= now else { continue }
            engine.handleTimeout(now: now)
            self.digest(connection)
        }
    }

    func forgetRetired() { self.table.forgetRetired(now: self.simulation.now) }

    var nextTimeout: EngineInstant? { self.live.compactMap { $0.connection.engine?.nextTimeout }.min() }

    /// Lets go of connections that are over.
    func sweep() {
        for (handle, connection) in self.live where connection.engine?.phase == .closed {
            self.digest(connection)
            connection.letGo()
            self.table.remove(handle, rememberingUntil: self.simulation.now)
        }
        self.live.removeAll { $0.connection.engine == nil }
    }

    private func adopt(_ engine: ConnectionEngine) -> SimulatedConnection {
        let connection = SimulatedConnection(engine: engine)
        self.live.append((self.nextHandle, connection))
        self.nextHandle += 1
        self.digest(connection)
        return connection
    }

    /// Events first go into the table, then to the application.
    private func digest(_ connection: SimulatedConnection) {
        guard let handle = self.live.first(where: { $0.connection === connection })?.handle else { return }
        connection.process { self.follow($0, handle) }
    }

    private func follow(_ event: ConnectionEvent, _ handle: Int) {
        switch event {
        case .connectionIDIssued(let issued): _ = self.table.issue(issued, to: handle)
        case .connectionIDRetired(let issued):
            self.table.retire(issued.id, of: handle, until: self.simulation.now.advanced(by: .seconds(1)))
        case .initialConnectionIDExpired:
            self.table.removeInitial(of: handle, until: self.simulation.now.advanced(by: .seconds(1)))
        case .handshakeConfirmed: self.table.promote(handle)
        case .resetTokenLearned(let token, let number): self.table.learn(token, number: number, for: handle)
        case .resetTokenExpired(let token, let number): self.table.forget(token, number: number, for: handle)
        case .terminated: self.table.forgetResetTokens(of: handle)
        default: break
        }
    }

    private func deliver(_ delivery: Delivery, to id: ConnectionID, orElse other: () -> Void) {
        switch self.table.route(id) {
        case .connection(let handle): self.deliver(delivery, to: handle)
        case .retired: self.answers.dropped += 1
        case .unknown: other()
        }
    }

    private func deliver(_ delivery: Delivery, to handle: Int) {
        guard let connection = self.live.first(where: { $0.handle == handle })?.connection else { return }
        connection.engine?.receive(
            delivery.bytes.span.bytes, path: delivery.path, ecn: delivery.ecn, now: self.simulation.now)
        self.digest(connection)
    }

    private func accept(_ delivery: Delivery) {
        guard let listener = self.listener, let initial = try? InitialPacket(delivery.bytes.span.bytes),
            listener.versions.contains(initial.version)
        else {
            self.answers.dropped += 1
            return
        }
        var acceptance = ServerAcceptance(
            initial, path: delivery.path, tls: listener.tls, configuration: listener.configuration,
            resetSecret: self.resetSecret)
        acceptance.generator = self.generator
        acceptance.preferredAddress = listener.preferredAddress
        let remote = delivery.path.remote
        let now = self.simulation.now
        switch listener.tokenKeys.checkRetryToken(of: initial, from: remote, now: now) {
        case .valid(let original): acceptance.retriedFrom = original
        case .invalid:
            self.simulation.network.send(StatelessPacket.refusal(of: initial, code: 0x0b), path: delivery.path)
            return
        case .unknown:
            acceptance.addressIsValidated = listener.tokenKeys.checkAddressToken(initial.token, from: remote, now: now)
            if listener.sendsRetry, !acceptance.addressIsValidated { return self.retry(initial, delivery, listener) }
        }
        if listener.givesTokens {
            acceptance.makeToken = { [keys = listener.tokenKeys] address in
                keys.makeAddressToken(for: address, now: now)
            }
        }
        guard
            let engine = try? ConnectionEngine(
                acceptance, resources: self.simulation.resources, random: self.simulation.random, now: now)
        else {
            self.answers.dropped += 1
            return
        }
        let connection = self.adopt(engine)
        _ = self.table.insertInitial(initial.destination, for: self.nextHandle - 1)
        self.accepted.append(connection)
        listener.onAccept?(connection)
        engine.receive(delivery.bytes.span.bytes, path: delivery.path, ecn: delivery.ecn, now: now)
        self.digest(connection)
    }

    private func retry(_ initial: InitialPacket, _ delivery: Delivery, _ listener: Listener) {
        let source = self.generator.makeConnectionID(random: self.simulation.random)
        let token = listener.tokenKeys.makeRetryToken(
            for: initial, from: delivery.path.remote, retrySource: source, now: self.simulation.now)
        self.answers.retries += 1
        self.simulation.network.send(
            StatelessPacket.retry(for: initial, retrySource: source, token: token), path: delivery.path)
    }

    private func negotiateVersion(_ destination: [UInt8], _ source: [UInt8], _ delivery: Delivery) {
        // RFC 9000 §6.1: only datagrams that could open a connection are answered.
        guard let listener = self.listener, delivery.bytes.count >= 1_200 else {
            self.answers.dropped += 1
            return
        }
        self.answers.versionNegotiations += 1
        let answer = StatelessPacket.versionNegotiation(
            destination: destination, source: source, versions: listener.versions, random: self.simulation.random)
        self.simulation.network.send(answer, path: delivery.path)
    }

    private func resetStatelessly(_ id: ConnectionID, _ delivery: Delivery) {
        let token = StatelessResetToken(secret: self.resetSecret, id: id)
        let answer = StatelessPacket.statelessReset(
            token: token, triggerSize: delivery.bytes.count, random: self.simulation.random)
        guard self.sendsStatelessResets, !answer.isEmpty else {
            self.answers.dropped += 1
            return
        }
        self.answers.resets += 1
        self.simulation.network.send(answer, path: delivery.path)
    }

    private func transmitBurst(_ engine: ConnectionEngine) -> Bool {
        var span = self.buffer.mutableSpan
        var target = span.mutableBytes
        guard engine.transmit(into: &target, now: self.simulation.now) > 0 else { return false }
        for run in engine.runs {
            var offset = run.offset
            while offset < run.offset + run.count {
                let end = min(offset + run.segmentSize, run.offset + run.count)
                self.simulation.network.send(
                    self.buffer.span.bytes.extracting(offset..<end), path: run.path, ecn: run.ecn)
                offset = end
            }
        }
        return true
    }
}

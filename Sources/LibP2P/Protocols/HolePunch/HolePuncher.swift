internal import Synchronization

/// What punching holes asks of the host.
protocol HolePunchNetwork: AnyObject, Sendable {
    /// Where others see this host: what they told it, and what it announces.
    var punchAddresses: [Multiaddress] { get }
    /// The address of a direct connection with a peer.
    func directAddress(of peer: PeerID) -> Multiaddress?
    /// Dials these addresses from the sockets that listen, also where there is a relayed connection. Returns the one that
    /// answered.
    func connectDirectly(to peer: PeerID, at addresses: [Multiaddress]) async throws(LibP2PError) -> Multiaddress
    /// Sends a datagram that is not QUIC from the socket that listens.
    func sendRaw(_ bytes: [UInt8], to address: Multiaddress)
}

/// Makes direct connections out of relayed ones, in both roles (DCUtR). ``HolePunchExchange`` decides, this does.
final class HolePuncher: Sendable {
    static let protocolID: ProtocolID = "/libp2p/dcutr"

    private enum Event: Sendable {
        case opened(LibP2PStream, attempt: Int)
        case message(HolePunchMessage, attempt: Int)
        case streamFailed(LibP2PError, attempt: Int)
        case dialFailed(LibP2PError, dial: Int)
        case connected(Multiaddress)
        /// The peer begins anew on another stream.
        case superseded
    }

    private struct Key: Hashable {
        let peer: PeerID
        let role: HolePunchExchange.Role
    }

    private typealias Inbox = Signal<[Event]>

    private let rules: HolePunchRules
    private let time: TimeSource
    /// What is under way: for each peer at most one in each role.
    private let inboxes = Mutex<[Key: Inbox]>([:])

    init(rules: HolePunchRules = HolePunchRules(), time: TimeSource = .continuous) {
        self.rules = rules
        self.time = time
    }

    /// The end that was dialled through the relay. `open` opens a stream for ``protocolID`` on the relayed connection;
    /// `known` are addresses of the peer.
    func initiate(
        with peer: PeerID, known: [Multiaddress] = [], on network: any HolePunchNetwork,
        opening open: @escaping @Sendable () async throws(LibP2PError) -> LibP2PStream
    ) async -> HolePunchOutcome {
        let exchange = HolePunchExchange(
            .initiator, ownAddresses: network.punchAddresses, peerAddresses: known, rules: self.rules)
        return await self.run(exchange, with: peer, on: network, opening: open) ?? Self.anotherRun
    }

    /// The same with one stream for all attempts, for a relay of the application's own: any stream of an authenticated peer
    /// will do, if the peer answers with ``respond(on:on:)``.
    func initiate(
        over stream: LibP2PStream, known: [Multiaddress] = [], on network: any HolePunchNetwork
    ) async -> HolePunchOutcome {
        let exchange = HolePunchExchange(
            .initiator, ownAddresses: network.punchAddresses, peerAddresses: known, rules: self.rules)
        let outcome = await self.run(exchange, with: stream.peer, on: network, keepsStream: true) {
            () throws(LibP2PError) in stream
        }
        return outcome ?? Self.anotherRun
    }

    /// The end that dialled through the relay, on a stream that the other one opened. nil: the other one began anew on
    /// another stream, which has the outcome.
    func respond(on stream: LibP2PStream, on network: any HolePunchNetwork) async -> HolePunchOutcome? {
        let exchange = HolePunchExchange(.responder, ownAddresses: network.punchAddresses, rules: self.rules)
        return await self.run(exchange, with: stream.peer, on: network, keepsStream: true) {
            () throws(LibP2PError) in stream
        }
    }

    /// There is a new direct connection with a peer, whoever dialled.
    func connected(_ peer: PeerID, at address: Multiaddress) {
        let inboxes = self.inboxes.withLock { table in table.filter { $0.key.peer == peer }.map(\.value) }
        for inbox in inboxes { inbox.update { $0.append(.connected(address)) } }
    }

    private static let anotherRun = HolePunchOutcome.failed(
        LibP2PError(.closed, "another attempt at a direct connection with the peer took the place of this one"))

    // MARK: The loop

    private func run(
        _ exchange: HolePunchExchange, with peer: PeerID, on network: any HolePunchNetwork,
        keepsStream: Bool = false, opening open: @escaping @Sendable () async throws(LibP2PError) -> LibP2PStream
    ) async -> HolePunchOutcome? {
        let (key, inbox) = (Key(peer: peer, role: exchange.role), Inbox([]))
        let previous = self.inboxes.withLock { $0.updateValue(inbox, forKey: key) }
        previous?.update { $0.append(.superseded) }
        defer { self.inboxes.withLock { if $0[key] === inbox { $0[key] = nil } } }
        if let address = network.directAddress(of: peer) { return .direct(address, attempts: 0) }
        return await withTaskGroup(of: Void.self) { group in
            var exchange = exchange
            var random = SystemRandomNumberGenerator()
            var session = Session()
            let dialling = Signal(0)
            defer { group.cancelAll() }
            exchange.start(now: self.time.now())
            if exchange.role == .responder { self.open(open, 0, into: inbox, &group) }
            while true {
                var actions = exchange.takeActions()
                while !actions.isEmpty {
                    switch actions.removeFirst() {
                    case .open where keepsStream && session.stream != nil:
                        exchange.opened(now: self.time.now())
                    case .open:
                        await session.close()
                        session.attempt = keepsStream ? 0 : exchange.attempt
                        self.open(open, session.attempt, into: inbox, &group)
                    case .send(let message): try? await session.stream?.writeMessage(message.encoded)
                    case .dial(let addresses):
                        let dial = dialling.update { number in
                            number += 1
                            return number
                        }
                        group.addTask {
                            await self.dial(peer, at: addresses, dial, dialling, into: inbox, on: network)
                        }
                    case .stopDialling: dialling.update { $0 += 1 }
                    case .spray(let addresses):
                        for address in addresses { network.sendRaw(self.noise(&random), to: address) }
                    case .finish(let outcome):
                        await session.close()
                        return outcome
                    }
                    actions += exchange.takeActions()
                }
                let event = await self.next(inbox, until: exchange.nextMoment)
                switch event {
                case .superseded: return nil
                case let event?: self.apply(event, to: &exchange, &session, dial: dialling.withLock { $0 })
                case nil:
                    guard !Task.isCancelled else {
                        return .failed(LibP2PError(.cancelled, "the task was cancelled while it waited"))
                    }
                    exchange.tick(now: self.time.now(), random: &random)
                }
            }
        }
    }

    /// Tells the exchange what happened, if it is about the stream and the dial under way.
    private func apply(
        _ event: Event, to exchange: inout HolePunchExchange, _ session: inout Session, dial: Int
    ) {
        let now = self.time.now()
        switch event {
        case .opened(let stream, session.attempt):
            session.stream = stream
            exchange.opened(now: now)
        case .message(let message, session.attempt): exchange.received(message, now: now)
        case .streamFailed(let error, session.attempt): exchange.streamFailed(error, now: now)
        case .dialFailed(let error, dial): exchange.dialFailed(error, now: now)
        case .connected(let address): exchange.connected(at: address)
        case .opened, .message, .streamFailed, .dialFailed, .superseded: return
        }
    }

    /// The stream of the attempt under way.
    private struct Session {
        var stream: LibP2PStream?
        var attempt = 0

        mutating func close() async {
            await self.stream?.close()
            self.stream = nil
        }
    }

    /// Opens a stream and reads what comes.
    private func open(
        _ open: @escaping @Sendable () async throws(LibP2PError) -> LibP2PStream, _ attempt: Int,
        into inbox: Inbox, _ group: inout TaskGroup<Void>
    ) {
        group.addTask {
            do throws(LibP2PError) {
                let stream = try await open()
                inbox.update { $0.append(.opened(stream, attempt: attempt)) }
                while let bytes = try await stream.readMessage(limit: HolePunchMessage.maximumByteCount) {
                    let message = try HolePunchMessage(decoding: bytes)
                    inbox.update { $0.append(.message(message, attempt: attempt)) }
                }
                throw LibP2PError(.truncated, "the peer ended the exchange")
            } catch {
                inbox.update { $0.append(.streamFailed(error, attempt: attempt)) }
            }
        }
    }

    /// Dials until another dial, or none, is wanted.
    private func dial(
        _ peer: PeerID, at addresses: [Multiaddress], _ dial: Int, _ dialling: Signal<Int>, into inbox: Inbox,
        on network: any HolePunchNetwork
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do throws(LibP2PError) {
                    let address = try await network.connectDirectly(to: peer, at: addresses)
                    inbox.update { $0.append(.connected(address)) }
                } catch {
                    inbox.update { $0.append(.dialFailed(error, dial: dial)) }
                }
            }
            group.addTask { try? await dialling.wait { $0 != dial ? () : nil } }
            await group.next()
            group.cancelAll()
        }
    }

    /// The next thing that happens; nil: the moment has come.
    private func next(_ inbox: Inbox, until moment: Duration?) async -> Event? {
        let rest = max((moment ?? .seconds(3_600)) - self.time.now(), .zero)
        return try? await self.time.limit(rest, for: "the next step") { () async throws(LibP2PError) in
            try await inbox.wait { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }

    /// RFC 9443: a first byte below 64 is not QUIC's.
    private func noise(_ random: inout SystemRandomNumberGenerator) -> [UInt8] {
        (0..<self.rules.sprayByteCount).map { index in
            UInt8.random(in: index == 0 ? 4...63 : 0...255, using: &random)
        }
    }
}

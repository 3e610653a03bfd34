/// One end of making a direct connection out of a relayed one (DCUtR §Protocol), without streams, sockets and clock: what
/// happens goes in, what to do comes out, and time is a parameter.
///
/// The end that was dialled through the relay initiates. It asks for addresses and measures the round trip; both ends then
/// send at the same moment, so that each one's translator takes what comes for an answer. The responder dials; the
/// initiator sends datagrams that mean nothing, and accepts the connection.
struct HolePunchExchange: Sendable {
    enum Role: Sendable {
        case initiator, responder
    }

    enum Action: Hashable, Sendable {
        /// Open a stream for the protocol; a new one for each attempt.
        case open
        case send(HolePunchMessage)
        /// Dial these addresses, and give what was dialled before up.
        case dial([Multiaddress])
        case stopDialling
        /// Send one datagram of random bytes to each of them, from the socket that listens.
        case spray([Multiaddress])
        case finish(HolePunchOutcome)
    }

    private enum Phase: Hashable, Sendable {
        case idle
        /// The peer's public address is dialled before anything else.
        case dialling
        case opening
        case awaitingConnect(sent: Duration)
        /// The SYNC is on its way.
        case awaitingMoment([Multiaddress])
        case spraying([Multiaddress], number: Int)
        case punching
        /// The responder waits for CONNECT, or for SYNC.
        case listening
        case awaitingSync([Multiaddress])
        case over
    }

    let role: Role
    private let rules: HolePunchRules
    private let ownAddresses: [Multiaddress]
    private let peerAddresses: [Multiaddress]
    private var phase = Phase.idle
    /// When the phase ends by itself.
    private var deadline: Duration?
    /// When the next datagram is due.
    private var nextSpray: Duration?
    private(set) var attempt = 0
    private var actions: [Action] = []
    private var lastFailure: LibP2PError?
    /// How the responder's stream has ended: nothing more will be tried then.
    private var streamEnd: LibP2PError?

    /// `ownAddresses` are those that others see us at; `peerAddresses` what is known of the peer's.
    init(
        _ role: Role, ownAddresses: [Multiaddress], peerAddresses: [Multiaddress] = [],
        rules: HolePunchRules = HolePunchRules()
    ) {
        self.role = role
        self.rules = rules
        self.ownAddresses = Array(ownAddresses.filter { !$0.isRelayed }.prefix(16))
        self.peerAddresses = rules.usable(peerAddresses)
    }

    /// When ``tick(now:random:)`` has something to do; nil: never.
    var nextMoment: Duration? {
        switch (self.deadline, self.nextSpray) {
        case (let deadline?, let spray?): min(deadline, spray)
        case (let deadline, let spray): deadline ?? spray
        }
    }

    /// What is to be done, in this order.
    mutating func takeActions() -> [Action] {
        defer { self.actions = [] }
        return self.actions
    }

    // MARK: What happens

    mutating func start(now: Duration) {
        guard self.phase == .idle else { return }
        switch self.role {
        case .responder: self.enter(.listening, until: now + self.rules.messageTimeout)
        case .initiator where self.peerAddresses.isEmpty: self.beginAttempt(now: now)
        case .initiator:
            self.enter(.dialling, until: now + self.rules.dialTimeout)
            self.actions.append(.dial(self.peerAddresses))
        }
    }

    /// The stream that was asked for is there.
    mutating func opened(now: Duration) {
        guard self.phase == .opening else { return }
        self.enter(.awaitingConnect(sent: now), until: now + self.rules.messageTimeout)
        self.actions.append(.send(self.connect))
    }

    mutating func received(_ message: HolePunchMessage, now: Duration) {
        switch (message.kind, self.phase) {
        case (.connect, .awaitingConnect(let sent)):
            let addresses = self.usable(message)
            guard !addresses.isEmpty else { return self.fail(Self.noAddress) }
            self.actions.append(.send(HolePunchMessage(.sync)))
            // Half a round trip later the SYNC is there.
            self.enter(.awaitingMoment(addresses), until: now + (now - sent) / 2)
        case (.connect, .listening),
            (.connect, .punching) where self.role == .responder:
            self.answer(message, now: now)
        case (.sync, .awaitingSync(let addresses)):
            self.enter(.punching, until: now + self.rules.punchTimeout)
            self.actions.append(.dial(addresses))
        case (_, .over): return
        default:
            self.fail(LibP2PError(.protocolViolation, "the peer sent a \(message.kind) message out of turn"))
        }
    }

    /// The stream could not be opened, or has ended.
    mutating func streamFailed(_ error: LibP2PError, now: Duration) {
        switch self.phase {
        case .opening, .awaitingConnect:
            guard error.code != .protocolNotSupported else { return self.fail(error) }
            self.lastFailure = error
            self.beginAttempt(now: now)
        case .listening, .awaitingSync:
            self.fail(LibP2PError(.unreachable, "no direct connection came about: \(self.lastFailure ?? error)"))
        case .punching where self.role == .responder: self.streamEnd = error
        // Both ends know what they need by now.
        case .idle, .dialling, .awaitingMoment, .spraying, .punching, .over: return
        }
    }

    /// None of the addresses answered.
    mutating func dialFailed(_ error: LibP2PError, now: Duration) {
        switch self.phase {
        case .dialling: self.beginAttempt(now: now)
        // The peer may still reach us until the time is up.
        case .punching: self.lastFailure = error
        default: return
        }
    }

    /// There is a direct connection with the peer, whoever dialled.
    mutating func connected(at address: Multiaddress) {
        guard self.phase != .over else { return }
        self.enter(.over, until: nil)
        self.actions.append(.finish(.direct(address, attempts: self.attempt)))
    }

    /// Does what is due.
    mutating func tick(now: Duration, random: inout some RandomNumberGenerator) {
        if let deadline = self.deadline, deadline <= now { return self.timeIsUp(now: now) }
        guard case .spraying(let addresses, let number) = self.phase, let due = self.nextSpray, due <= now else {
            return
        }
        self.actions.append(.spray(addresses))
        self.phase = .spraying(addresses, number: number + 1)
        self.nextSpray = now + self.rules.pause(after: number, random: &random)
    }

    // MARK: Steps

    private mutating func timeIsUp(now: Duration) {
        switch self.phase {
        case .idle, .over: return
        case .dialling:
            self.actions.append(.stopDialling)
            self.beginAttempt(now: now)
        case .opening, .awaitingConnect:
            self.lastFailure = LibP2PError(.timedOut, "the peer did not answer through the relay")
            self.beginAttempt(now: now)
        case .awaitingMoment(let addresses): self.punch(addresses, now: now)
        case .spraying: self.beginAttempt(now: now)
        case .punching:
            self.actions.append(.stopDialling)
            guard self.role == .responder else { return self.beginAttempt(now: now) }
            // The next attempt comes on this stream, or on another one soon.
            let wait = self.streamEnd == nil ? self.rules.messageTimeout : self.rules.punchTimeout
            self.enter(.listening, until: now + wait)
        case .listening, .awaitingSync:
            let reason = self.lastFailure ?? self.streamEnd
            self.fail(
                reason.map { LibP2PError(.unreachable, "no direct connection came about: \($0)") }
                    ?? LibP2PError(.timedOut, "the peer said nothing more through the relay"))
        }
    }

    private mutating func beginAttempt(now: Duration) {
        guard self.attempt < self.rules.attempts else {
            let reason = self.lastFailure.map { ": \($0)" } ?? ""
            return self.fail(
                LibP2PError(
                    .unreachable, "no way through after \(self.attempt) attempts at a direct connection\(reason)"))
        }
        guard !self.ownAddresses.isEmpty else {
            return self.fail(LibP2PError(.noAddress, "no peer has told this host of an address that others see it at"))
        }
        self.attempt += 1
        self.enter(.opening, until: now + self.rules.messageTimeout)
        self.actions.append(.open)
    }

    private mutating func punch(_ addresses: [Multiaddress], now: Duration) {
        if self.attempt < self.rules.attempts {
            self.enter(.spraying(addresses, number: 0), until: now + self.rules.punchTimeout)
            self.nextSpray = now
        } else {
            self.enter(.punching, until: now + self.rules.punchTimeout)
            self.actions.append(.dial(addresses))
        }
    }

    private mutating func answer(_ message: HolePunchMessage, now: Duration) {
        guard self.attempt < self.rules.attempts else {
            return self.fail(LibP2PError(.protocolViolation, "the peer tries more than \(self.rules.attempts) times"))
        }
        let addresses = self.usable(message)
        guard !addresses.isEmpty else { return self.fail(Self.noAddress) }
        if self.phase == .punching { self.actions.append(.stopDialling) }
        self.attempt += 1
        self.enter(.awaitingSync(addresses), until: now + self.rules.messageTimeout)
        self.actions.append(.send(self.connect))
    }

    private mutating func fail(_ error: LibP2PError) {
        guard self.phase != .over else { return }
        self.enter(.over, until: nil)
        self.actions.append(.finish(.failed(error)))
    }

    private mutating func enter(_ phase: Phase, until deadline: Duration?) {
        self.phase = phase
        self.deadline = deadline
        self.nextSpray = nil
    }

    private var connect: HolePunchMessage {
        HolePunchMessage(.connect, observedAddresses: self.ownAddresses.map(\.withoutPeer.bytes))
    }

    private func usable(_ message: HolePunchMessage) -> [Multiaddress] {
        self.rules.usable(message.observedAddresses.compactMap { try? Multiaddress(bytes: $0) })
    }

    private static let noAddress = LibP2PError(.noAddress, "the peer knows no address of its own that others see it at")
}

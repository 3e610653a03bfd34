internal import QUICEngine
internal import QUICIO

// What is answered, and what is begun, for packets of no connection. No answer is longer than what caused it, so nobody
// can be flooded through us (RFC 9000 §8.1).

extension ConnectionRouter {
    /// An attempt to connect: answered by a connection, a Retry, a refusal, or not at all.
    func accept(
        _ bytes: RawSpan, _ version: QUICVersion, _ destination: ConnectionID, _ source: ConnectionID,
        path: NetworkPath, ecn: ECN
    ) {
        guard let listener = self.endpoint.listener else { return self.statistics.drop(.notListening) }
        guard version.rawValue != 0, listener.versions.contains(version) else {
            return self.negotiateVersion(destination.bytes, source.bytes, size: bytes.byteCount, path: path)
        }
        guard let initial = try? InitialPacket(bytes) else { return self.statistics.drop(.malformed) }
        guard !Admission.isReflectionPort(path.remote.port) else { return self.statistics.drop(.filtered) }
        self.statistics.attempts &+= 1
        var acceptance = ServerAcceptance(
            initial, path: path, tls: listener.tls, configuration: listener.transport,
            resetSecret: self.endpoint.keys.resetSecret)
        let wallClock = EngineInstant(nanoseconds: WallClock.now())
        let tokenKeys = self.endpoint.keys.tokenKeys
        switch tokenKeys.checkRetryToken(of: initial, from: path.remote, now: wallClock) {
        case .valid(let original): acceptance.retriedFrom = original
        case .invalid: return self.refuse(initial, code: 0x0b, path: path, because: .invalidToken)
        case .unknown:
            acceptance.addressIsValidated =
                tokenKeys.checkAddressToken(initial.token, from: path.remote, now: wallClock)
                && self.admission.isFirstUse(of: initial.token)
        }
        let isValidated = acceptance.retriedFrom != nil || acceptance.addressIsValidated
        switch self.verdict(on: initial, path, isValidated: isValidated, listener) {
        case .accept: break
        case .retry: return self.retry(initial, path: path)
        case .refuse: return self.refuse(initial, code: 0x02, path: path, because: .refused)
        case .ignore: return self.statistics.drop(.filtered)
        }
        if listener.givesTickets, acceptance.tls.ticketKey == nil {
            acceptance.tls.ticketKey = self.endpoint.keys.ticketKey
        }
        acceptance.generator = self.generator
        acceptance.preferredAddress = listener.preferredAddress
        if let qlog = listener.qlog { acceptance.configuration.diagnostics.qlog = qlog(path.remote) }
        if listener.givesTokens {
            acceptance.makeToken = { address in tokenKeys.makeAddressToken(for: address, now: wallClock) }
        }
        self.begin(acceptance, bytes, listener, ecn: ecn)
    }

    private func begin(
        _ acceptance: ServerAcceptance, _ bytes: RawSpan, _ listener: QUICServerConfiguration, ecn: ECN
    ) {
        let initial = acceptance.initial
        var context = ConnectionContext()
        context.makeHandler = listener.handler
        context.accepts = listener.handler == nil
        context.keyLog = listener.keyLog
        context.log = listener.log
        context.attemptFailed = listener.attemptFailed
        guard
            let connection = try? QUICConnection(accepting: acceptance, context, on: self, now: self.now)
        else {
            listener.attemptFailed?(acceptance.path.remote)
            return self.refuse(initial, code: 0x02, path: acceptance.path, because: .failed)
        }
        let remote = acceptance.path.remote
        self.admission.open(remote)
        connection.assumeIsolated { $0.halfOpenFrom = remote }
        self.adopt(connection)
        let now = self.now
        guard self.table.insertInitial(initial.destination, for: connection) else {
            connection.assumeIsolated { $0.abandon(now: now) }
            return self.forget(connection)
        }
        _ = self.table.associate(connection, with: acceptance.path.remote)
        self.deliver(bytes, bytes.byteCount, acceptance.path, ecn, to: connection)
    }

    /// The caps first, because they cost nothing; then the application's filter; then the policy on Retry.
    private func verdict(
        on initial: InitialPacket, _ path: NetworkPath, isValidated: Bool, _ listener: QUICServerConfiguration
    ) -> QUICAdmission {
        if self.endpoint.isShuttingDown { return .refuse }
        let room = self.admission.room(
            for: path.remote, connections: self.connections.count, backlog: self.endpoint.backlogCount)
        switch room {
        case .none: return .refuse
        case .onlyValidated where !isValidated: return listener.retry == .never ? .refuse : .retry
        case .onlyValidated, .free: break
        }
        if let filter = listener.filter {
            let attempt = QUICIncomingAttempt(
                remoteAddress: path.remote, localAddress: path.local, isAddressValidated: isValidated,
                version: initial.version, destination: initial.destination, source: initial.source,
                halfOpen: self.admission.halfOpen)
            switch filter(attempt) {
            case .accept: break
            // A client that has come back with a token can't be asked to do so again (RFC 9000 §17.2.5.2).
            case .retry where isValidated: break
            case let other: return other
            }
        }
        guard !isValidated else { return .accept }
        switch listener.retry {
        case .never: return .accept
        case .always: return .retry
        case .underLoad(let threshold): return self.admission.halfOpen >= threshold ? .retry : .accept
        }
    }

    private func retry(_ initial: InitialPacket, path: NetworkPath) {
        let source = self.generator.makeConnectionID(random: self.randomness)
        let token = self.endpoint.keys.tokenKeys.makeRetryToken(
            for: initial, from: path.remote, retrySource: source, now: EngineInstant(nanoseconds: WallClock.now()))
        self.answer(StatelessPacket.retry(for: initial, retrySource: source, token: token), path: path)
        self.statistics.retries &+= 1
    }

    private func refuse(
        _ initial: InitialPacket, code: UInt64, path: NetworkPath, because reason: RouterStatistics.DropReason
    ) {
        guard self.admission.refusals.take(now: self.now) else { return self.statistics.drop(reason) }
        self.answer(StatelessPacket.refusal(of: initial, code: code), path: path)
        self.statistics.refusals &+= 1
    }

    /// RFC 9000 §6.1: only datagrams that are long enough to open a connection are answered, and not all of a flood.
    func negotiateVersion(_ destination: [UInt8], _ source: [UInt8], size: Int, path: NetworkPath) {
        guard let listener = self.endpoint.listener, size >= 1_200, !Admission.isReflectionPort(path.remote.port),
            self.admission.negotiations.take(now: self.now)
        else { return self.statistics.drop(.malformed) }
        let answer = StatelessPacket.versionNegotiation(
            destination: destination, source: source, versions: listener.versions, random: self.randomness)
        guard answer.count <= size else { return self.statistics.drop(.malformed) }
        self.answer(answer, path: path)
        self.statistics.versionNegotiations &+= 1
    }

    /// RFC 9000 §10.3: tells a peer that its connection is lost. Shorter than what caused it, and not too often, so that two
    /// hosts that have both lost it fall silent (§10.3.3).
    func resetStatelessly(_ bytes: RawSpan, path: NetworkPath) {
        guard let id = ConnectionID(bytes, offset: 1, count: self.table.localIDLength),
            !Admission.isReflectionPort(path.remote.port)
        else { return self.statistics.drop(.unknownConnectionID) }
        let token = StatelessResetToken(secret: self.endpoint.keys.resetSecret, id: id)
        let answer = StatelessPacket.statelessReset(
            token: token, triggerSize: bytes.byteCount, random: self.randomness)
        guard !answer.isEmpty, self.admission.resets.take(now: self.now) else {
            return self.statistics.drop(.unknownConnectionID)
        }
        self.answer(answer, path: path)
        self.statistics.statelessResets &+= 1
    }

    private func answer(_ bytes: [UInt8], path: NetworkPath) {
        guard !bytes.isEmpty else { return }
        self.sockets.send(bytes, on: path)
    }
}

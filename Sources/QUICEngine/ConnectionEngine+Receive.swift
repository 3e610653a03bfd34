extension ConnectionEngine {
    /// Feeds one datagram. The bytes are borrowed, and not needed after the call returns.
    ///
    /// It never fails: what the peer does wrong ends the connection, which an event tells.
    public func receive(_ datagram: RawSpan, path: NetworkPath, ecn: ECN, now: EngineInstant) {
        self.receive(datagram, segmentSize: datagram.byteCount, path: path, ecn: ecn, now: now)
    }

    /// Feeds datagrams that came together, each `segmentSize` bytes long but the last: what UDP_GRO delivers.
    public func receive(_ datagrams: RawSpan, segmentSize: Int, path: NetworkPath, ecn: ECN, now: EngineInstant) {
        let size = min(max(segmentSize, 1), max(datagrams.byteCount, 1))
        let count = (datagrams.byteCount + size - 1) / size
        self.countReceived(datagrams.byteCount, count, on: path)
        self.context.statistics.ecn.noteReceived(count, ecn)
        var rest = datagrams
        if let connection = self.connection {
            let (result, consumed) = connection.read(datagrams, segmentSize: size, path: path, ecn: ecn, now: now)
            self.settle(result, now: now)
            if let connection = self.connection { self.completePing(connection) }
            rest = datagrams.extracting(droppingFirst: consumed)
        }
        while rest.byteCount > 0, self.connection == nil {
            self.answerWhileClosing()
            rest = rest.extracting(droppingFirst: min(size, rest.byteCount))
        }
    }

    /// When ``handleTimeout(now:)`` is to be called; nil when nothing is pending. Pacing is included.
    public var nextTimeout: EngineInstant? {
        if let deadline = self.state.deadline { return EngineInstant(nanoseconds: deadline) }
        guard let expiry = self.connection?.expiry, expiry != .max else { return nil }
        return EngineInstant(nanoseconds: expiry)
    }

    /// Does what is due: retransmission, acknowledgement, idle timeout, the end of closing. Then ask to transmit.
    public func handleTimeout(now: EngineInstant) {
        if let deadline = self.state.deadline {
            if now.nanoseconds >= deadline { self.terminate() }
            return
        }
        guard let connection = self.connection, connection.expiry <= now.nanoseconds else { return }
        self.settle(connection.handleExpiry(now: now), now: now)
    }

    /// Gives the verdict that ``ConnectionEvent/verificationNeeded(_:)`` asked for; the handshake goes on or ends.
    public func completeVerification(_ verdict: CertificateVerdict, now: EngineInstant) throws(EngineError) {
        guard let connection = self.connection, let verifier = self.context.verifier, verifier.isWaiting else {
            throw EngineError(.connectionStateMismatch, "no verdict is awaited")
        }
        verifier.decide(verdict)
        self.settle(connection.continueHandshake(now: now), now: now)
    }

    /// Draws the consequences of a call: the steps that call-backs recorded, then the result code.
    func settle(_ result: LibraryResult, now: EngineInstant) {
        if self.context.completedHandshake { self.completeHandshake(now: now) }
        if self.context.confirmedHandshake { self.confirmHandshake() }
        self.settleStreams()
        if self.context.sawStatelessReset {
            return self.end(ConnectionCloseReason(.statelessReset, reason: ""), drainingFrom: now)
        }
        if result != .success { self.fail(result, now: now) }
        self.takeTicket()
        self.followPath()
    }

    private func completeHandshake(now: EngineInstant) {
        self.context.completedHandshake = false
        guard self.state.completeHandshake(), let connection = self.connection, let tls = connection.tls else { return }
        guard let proto = tls.selectedProtocol else {
            // RFC 9001 §8.1: without an application protocol there is no connection.
            let code = 0x100 + UInt64(TLSAlert.noApplicationProtocol.rawValue)
            return self.closeLocally(
                .transport(code), reason: "the peer chose no application protocol (ALPN)", now: now)
        }
        if let early = tls.earlyProtocol, early != proto, tls.acceptedEarlyData {
            let code = 0x100 + UInt64(TLSAlert.illegalParameter.rawValue)
            return self.closeLocally(
                .transport(code), reason: "the server took 0-RTT data of \(early) for \(proto)", now: now)
        }
        self.handshake = HandshakeSummary(
            applicationProtocol: proto, version: connection.negotiatedVersion, cipher: tls.cipher, group: tls.group,
            didRetry: self.cameAfterRetry || connection.sawRetry, isResumed: tls.isResumed,
            acceptedEarlyData: tls.acceptedEarlyData,
            serverName: self.isServer ? tls.requestedServerName : self.serverName,
            peerCertificate: self.context.verifier?.peer)
        self.context.statistics.handshakeDuration = now.duration(since: self.startedAt)
        self.context.record(.handshakeCompleted)
        // The library sets its windows when it writes the transport parameters: before, this would be lost.
        connection.extendConnectionWindow(by: self.configuration.flowControl.grantedWindow)
        if self.isServer {
            tls.sendTicket()
            connection.releaseSession()
            self.submitToken()
            // RFC 9001 §4.1.2: at the server complete is confirmed. The library calls back at the client only.
            self.confirmHandshake()
        }
    }

    private func confirmHandshake() {
        self.context.confirmedHandshake = false
        guard self.state.confirmHandshake() else { return }
        self.context.record(.handshakeConfirmed)
        if self.isServer { self.context.record(.initialConnectionIDExpired(self.initialConnectionID)) }
    }

    private func takeTicket() {
        guard let ticket = self.context.ticket, let connection = self.connection, let handshake = self.handshake else {
            return
        }
        self.context.ticket = nil
        self.context.record(
            .resumptionTicket(
                ResumptionTicket(
                    serverName: self.serverName, applicationProtocol: handshake.applicationProtocol,
                    version: handshake.version, allowsEarlyData: ticket.allowsEarlyData,
                    transportParameters: connection.earlyParameters(),
                    trust: self.context.verifier?.policy.fingerprint ?? [], session: ticket.session)))
    }

    private func followPath() {
        guard let path = self.connection?.path, path != self.path else { return }
        self.path = path
        self.context.record(.pathChanged(path))
    }

    private func countReceived(_ count: Int, _ datagrams: Int, on path: NetworkPath) {
        self.context.statistics.datagramsReceived &+= UInt64(datagrams)
        self.context.statistics.bytesReceived &+= UInt64(count)
        let index = self.indexOfPath(path)
        self.context.statistics.paths[index].datagramsReceived &+= UInt64(datagrams)
        self.context.statistics.paths[index].bytesReceived &+= UInt64(count)
    }

    /// The eight latest paths are kept: a peer that rebinds all the time must not grow the list.
    func indexOfPath(_ path: NetworkPath) -> Int {
        let count = self.context.statistics.paths.count
        if self.context.statistics.paths.last?.path == path { return count - 1 }
        if let index = self.context.statistics.paths.firstIndex(where: { $0.path == path }) { return index }
        if count == 8 { self.context.statistics.paths.removeFirst() }
        self.context.statistics.paths.append(PathStatistics(path: path))
        return self.context.statistics.paths.count - 1
    }
}

internal import QUICEngine

// What the engine tells, drawn out after the library's calls have returned.

extension QUICConnection {
    /// Deals with events until there are no more: what is done about one can cause others.
    func digest(now: EngineInstant) {
        while true {
            self.engine.drainEvents(into: &self.undigested)
            guard !self.undigested.isEmpty else { return }
            var events: [ConnectionEvent] = []
            swap(&events, &self.undigested)
            for index in events.indices {
                // As many as there are datagrams, and to copy an event costs more than to note it.
                if case .datagramAcknowledged(let id) = events[index] {
                    self.tell(.datagramAcknowledged(id))
                } else {
                    self.follow(events[index], now: now)
                }
            }
            self.publishNews()
            events.removeAll(keepingCapacity: !self.isPastHandshake)
            self.isPastHandshake = false
            if self.undigested.isEmpty { swap(&events, &self.undigested) }
        }
    }

    /// Tells the application of something: together with what else happens in this batch. With many small datagrams on their
    /// way, a lock for each of their fates was a twentieth of what they cost.
    func tell(_ event: QUICConnectionEvent) {
        self.news.append(event)
        if self.news.count >= EventBox.limit { self.publishNews() }
    }

    private func publishNews() {
        guard !self.news.isEmpty else { return }
        self.eventBox.update(&self.wakes) { $0.append(self.news) }
        self.news.removeAll(keepingCapacity: true)
    }

    private func follow(_ event: ConnectionEvent, now: EngineInstant) {
        switch event {
        case .handshakeCompleted: self.completeHandshake(now: now)
        case .handshakeConfirmed:
            self.isPastHandshake = true
            self.progress.update(&self.wakes) { state in
                state.isConfirmed = true
                return true
            }
            self.router.assumeIsolated { $0.followConfirmation(of: self) }
        case .verificationNeeded: self.rejectUnjudged(now: now)
        case .closed(let reason): self.end(reason)
        case .terminated: break

        case .streamOpened(let id, let early): self.announce(id, early: early)
        case .streamReadable(let id): self.deliver(id)
        case .streamWritable(let id):
            if let handler = self.handler {
                handler.streamWritable(id, on: self)
            } else if let core = self.streams[id] {
                self.push(core)
            }
        case .streamStopped(let id, let code): self.stop(id, code: code)
        case .streamAcknowledged(let id): self.answerQuestion(on: id)
        case .streamClosed(let id): self.close(id)
        case .streamsAvailable(let direction):
            self.refreshAllowance()
            self.handler?.streamsAvailable(direction, on: self)
        case .earlyDataRejected(let streams): self.rejected = streams

        case .datagramReadable: self.deliverDatagrams()
        case .datagramAcknowledged(let id): self.tell(.datagramAcknowledged(id))
        case .datagramLost(let id): self.tell(.datagramLost(id))
        case .pingAnswered(let roundTrip):
            self.progress.update(&self.wakes) { state in
                state.pings += 1
                state.latestPing = roundTrip
                return true
            }

        case .connectionIDIssued, .connectionIDRetired, .initialConnectionIDExpired, .resetTokenLearned,
            .resetTokenExpired:
            let probeTimeout = self.engine.probeTimeout
            self.router.assumeIsolated { $0.follow(event, of: self, probeTimeout: probeTimeout) }
        case .pathValidated(let path, let succeeded, _):
            self.progress.update(&self.wakes) { state in
                state.note(path, succeeded: succeeded)
                return true
            }
            self.tell(.pathValidated(path, succeeded: succeeded))
        case .pathChanged(let path):
            self.progress.withLock { $0.path = path }
            self.router.assumeIsolated { $0.follow(move: path, of: self) }
            self.tell(.pathChanged(path))

        case .resumptionTicket(let ticket): self.keep(ticket)
        case .addressToken(let token): self.keep(token: token)
        case .keyLog(let line): self.context.keyLog?(line)
        case .keysUpdated: self.tell(.keysUpdated)
        case .log(let line): self.context.log?(line)
        }
    }

    // MARK: Life

    /// Streams may be opened before the handshake is complete where a ticket allows 0-RTT.
    func prepareEarlyData(isHeld: Bool) {
        self.isHeld = isHeld
        self.numbers.withLock { $0.isEarly = true }
        self.refreshAllowance()
    }

    private func completeHandshake(now: EngineInstant) {
        guard let summary = self.engine.handshake else { return }
        if !self.isServer { self.reopenRejected() }
        self.numbers.withLock { $0.isEarly = false }
        self.refreshAllowance()
        self.progress.update(&self.wakes) { state in
            state.summary = summary
            state.acceptedEarlyData = summary.acceptedEarlyData
            return true
        }
        let size = self.engine.maximumDatagramSize
        self.peerAcceptsDatagrams = size > 0
        self.datagramBox.update(&self.wakes) { $0.note(maximumSize: size, queuedInEngine: 0) }
        self.wantedHandler()?.connected(self)
        if self.holdsDatagrams { self.deliverDatagrams() }
        self.router.assumeIsolated { $0.followCompletion(of: self) }
    }

    func refreshAllowance() {
        for direction in [StreamDirection.bidirectional, .unidirectional] {
            let left = self.engine.streamsLeft(direction)
            self.numbers.update(&self.wakes) { state in
                // Those that wait here are not opened at the engine yet.
                let waiting = state.waiting.count { $0.id.isBidirectional == (direction == .bidirectional) }
                return state.allow(left, opened: state.opened(direction) - UInt64(waiting), direction)
            }
        }
    }

    /// RFC 9001 §4.6.2: nothing of the refused 0-RTT data happened, so it is sent again on streams of the same numbers.
    private func reopenRejected() {
        guard self.engine.hasRejectedEarlyData, !self.hasReopenedStreams else { return }
        self.hasReopenedStreams = true
        // From here on nobody gets a number, until the new limits are known.
        self.numbers.withLock { $0.forgetLimits() }
        for core in self.numbers.withLock({ $0.takeWaiting() }) { self.streams[core.id] = core }
        let rejected = Dictionary(self.rejected.map { ($0.id, $0) }) { first, _ in first }
        self.rejected = []
        for direction in [StreamDirection.bidirectional, .unidirectional] {
            let count = self.numbers.withLock { $0.opened(direction) }
            var reopened: UInt64 = 0
            while reopened < count, self.reopenOne(direction, rejected) { reopened += 1 }
            guard reopened < count else { continue }
            self.failUnopened(direction)
            self.numbers.withLock { $0.giveBack(direction, opened: reopened) }
        }
    }

    /// False where the server allows no more.
    private func reopenOne(_ direction: StreamDirection, _ rejected: [StreamID: RejectedStream]) -> Bool {
        guard let id = try? self.engine.openStream(direction) else { return false }
        guard let core = self.streams[id] else {
            // It was given up before the server answered: its number must not be anybody else's.
            try? self.engine.reset(id, code: 0)
            return true
        }
        if let code = core.outgoing.withLock({ $0.givenUpCode }) {
            try? self.engine.reset(id, code: code)
        } else if let old = rejected[id] {
            try? self.engine.setPriority(old.priority, of: id)
            core.outgoing.withLock { $0.putAgain(old.chunks) }
            if old.isFinished { core.outgoing.withLock { $0.finishAgain() } }
        } else {
            try? self.engine.setPriority(core.priority, of: id)
        }
        self.push(core)
        return true
    }

    /// The server allows fewer streams than the ticket promised.
    private func failUnopened(_ direction: StreamDirection) {
        let error = QUICError(
            .limitReached, "the server refused 0-RTT data and allows fewer streams than before: open the stream again")
        let isBidirectional = direction == .bidirectional
        for core in self.streams.values
        where core.id.isBidirectional == isBidirectional && !self.engine.isKnown(core.id) {
            self.fail(core, error)
        }
    }

    private func rejectUnjudged(now: EngineInstant) {
        let verdict = CertificateVerdict.reject(.accessDenied, reason: "nobody is there to judge the certificate")
        try? self.engine.completeVerification(verdict, now: now)
    }

    /// The cause first, then the streams in the order of their numbers, then everything else that waits.
    private func end(_ reason: ConnectionCloseReason) {
        let error = QUICError(reason)
        self.progress.update(&self.wakes) { state in
            state.error = error
            return true
        }
        self.openWaitingStreams()
        for id in self.streams.keys.sorted() {
            guard let core = self.streams[id] else { continue }
            if reason.closedBy != .local { self.deliver(id) }
            core.incoming.update(&self.wakes) { $0.fail(error) }
            core.outgoing.update(&self.wakes) { $0.fail(error) }
        }
        self.streams.removeAll()
        self.questions.removeAll()
        self.rejected.removeAll()
        self.backlog.update(&self.wakes) { $0.fail(error) }
        self.deliverDatagrams()
        self.datagramBox.update(&self.wakes) { $0.fail(error) }
        self.numbers.update(&self.wakes) { $0.fail(error) }
        // Those that tasks opened meanwhile.
        self.openWaitingStreams()
        self.publishNews()
        self.eventBox.update(&self.wakes) { $0.end() }
        if let handler = self.handler {
            handler.closed(error, on: self)
            self.handler = nil
        }
        self.router.assumeIsolated { $0.followClose(of: self, error) }
    }

    // MARK: Streams

    /// The handler, which is made when it is first needed: 0-RTT streams come before the handshake is complete.
    private func wantedHandler() -> (any QUICConnectionHandler)? {
        if self.handler == nil { self.handler = self.context.makeHandler?(self) }
        return self.handler
    }

    private func announce(_ id: StreamID, early: Bool) {
        if let handler = self.wantedHandler() { return handler.streamOpened(id, early: early, on: self) }
        let core = StreamCore(id, of: self, isLocal: false, isEarly: early, priority: .normal)
        self.streams[id] = core
        self.backlog.update(&self.wakes) { $0.append(core) }
    }

    private func deliver(_ id: StreamID) {
        if let handler = self.handler { return handler.streamReadable(id, on: self) }
        guard let core = self.streams[id] else { return }
        guard let end = try? self.engine.takeArrived(id, into: &self.arrivals) else { return }
        let arrivals = self.arrivals
        core.incoming.update(&self.wakes) { $0.deliver(arrivals, end) }
        self.arrivals.removeAll(keepingCapacity: true)
    }

    private func stop(_ id: StreamID, code: UInt64) {
        if let handler = self.handler { return handler.streamStopped(id, code: code, on: self) }
        self.streams[id]?.outgoing.update(&self.wakes) { $0.fail(.streamStopped(code)) }
    }

    private func answerQuestion(on id: StreamID) {
        guard let question = self.questions.removeValue(forKey: id) else { return }
        self.streams[id]?.outgoing.update(&self.wakes) { $0.answerAcknowledgement(question) }
    }

    private func close(_ id: StreamID) {
        self.handler?.streamClosed(id, on: self)
        self.questions[id] = nil
        guard let core = self.streams.removeValue(forKey: id) else { return }
        core.outgoing.update(&self.wakes) { $0.complete() }
    }

    private func deliverDatagrams() {
        if let handler = self.handler { return handler.datagramReadable(on: self) }
        // They can come in one batch with what completes the handshake, and are told of first.
        guard self.context.makeHandler == nil else { return self.holdsDatagrams = true }
        self.datagramBox.update(&self.wakes) { $0.deliver(from: self.engine) }
    }
}

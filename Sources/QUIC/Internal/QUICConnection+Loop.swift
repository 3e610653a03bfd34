internal import QUICEngine
internal import Synchronization

// What the router does with a connection: synchronous, on the loop, one call per burst. Nothing here suspends.

extension QUICConnection {
    /// Feeds datagrams that came together.
    func receive(_ bytes: RawSpan, _ arrival: Arrival) {
        self.engine.receive(
            bytes, segmentSize: arrival.segmentSize, path: arrival.path, ecn: arrival.ecn, now: arrival.now)
    }

    func handleTimeout(now: EngineInstant) { self.engine.handleTimeout(now: now) }

    /// Puts the connection on the router's list of those to be looked at in this turn.
    func touch() {
        guard !self.isTouched else { return }
        self.isTouched = true
        self.router.onLoop(self) { $0.touch($1) }
    }

    /// How datagrams came.
    struct Arrival: Sendable {
        let segmentSize: Int
        let path: NetworkPath
        let ecn: ECN
        let now: EngineInstant
    }

    /// How a connection stands after it was looked at.
    struct Outlook: Sendable {
        /// When it wants to be called next.
        var timeout: EngineInstant?
        /// There is more to send than this turn had room for.
        var hasMore = false
        /// It is gone: routes and timers can go.
        var isTerminated = false
        /// Tasks wait to be resumed.
        var isWakeful = false
    }

    /// Digests what happened, writes what is due into `sockets`, digests what that brought about.
    func settle(into sockets: ShardSockets, now: EngineInstant) -> Outlook {
        self.isTouched = false
        if self.isHeld {
            self.openWaitingStreams()
            return Outlook(isWakeful: !self.wakes.isEmpty)
        }
        self.applyWishes(into: sockets, now: now)
        self.digest(now: now)
        let hasMore = sockets.transmit(self.engine, now: now)
        self.digest(now: now)
        let datagramsAreDue = self.noteDatagrams()
        return Outlook(
            timeout: self.engine.nextTimeout, hasMore: hasMore || datagramsAreDue,
            isTerminated: self.engine.phase == .closed,
            isWakeful: !self.wakes.isEmpty)
    }

    /// What was written before is sent now.
    func release() {
        self.isHeld = false
        self.touch()
    }

    func resumeWaiting() { self.wakes.resumeAll() }

    /// The endpoint is gone: the connection ends in silence.
    func abandon(now: EngineInstant) {
        self.engine.abandon(now: now)
        self.digest(now: now)
        self.wakes.resumeAll()
    }

    func announceShutdown() { self.eventBox.update(&self.wakes) { $0.append(.shutdownBegan) } }

    /// Moves to where the endpoint's new socket is.
    func follow(to path: NetworkPath, now: EngineInstant) {
        guard !self.isServer else { return }
        try? self.engine.migrate(to: path, probingFirst: false, now: now)
        self.touch()
    }

    // MARK: What the application wants

    /// Looks at both mailboxes of a stream.
    func service(_ core: StreamCore) {
        // Whoever is woken here is resumed when the connection is settled.
        self.touch()
        self.openWaitingStreams()
        let news = core.incoming.withLock { $0.collect() }
        if news.counted > 0 { self.uncollectedCredit.subtract(news.counted, ordering: .relaxed) }
        guard self.streams[core.id] === core else {
            // Questions about a stream that is over.
            core.outgoing.update(&self.wakes) { $0.complete() }
            return
        }
        if news.credit > 0 { self.engine.returnCredit(news.credit, on: core.id) }
        if let code = news.stopCode { try? self.engine.stopSending(core.id, code: code) }
        if news.isOver { self.engine.finishReading(core.id) }
        self.push(core)
    }

    /// Any thread: bytes were consumed on a stream that waits to be looked at.
    ///
    /// Where packets come one by one, they give the connection its turns: to wake the loop for each that was read would double
    /// them. But a peer that has used up the connection's window sends none.
    nonisolated func noteConsumed(_ count: Int) {
        let sum = self.uncollectedCredit.add(count, ordering: .relaxed)
        let threshold = self.limits.connectionCreditThreshold
        if sum.newValue >= threshold, sum.oldValue < threshold { self.router.signal(.connection(self)) }
    }

    /// Hands what was written over to the engine, as far as that has room.
    func push(_ core: StreamCore) {
        let wishes = core.outgoing.withLock { $0.collectWishes() }
        if let priority = wishes.priority { try? self.engine.setPriority(priority, of: core.id) }
        if let code = wishes.resetCode { try? self.engine.reset(core.id, code: code) }
        while let chunk = core.outgoing.withLock({ $0.takeChunk() }) {
            guard let isTaken = try? self.engine.write(chunk, to: core.id), !isTaken else { continue }
            core.outgoing.withLock { $0.putBack(chunk) }
            break
        }
        if core.outgoing.withLock({ $0.takeFinish() }) { try? self.engine.finish(core.id) }
        if let question = core.outgoing.withLock({ $0.takeQuestion() }) {
            self.questions[core.id] = question
            try? self.engine.notifyWhenAcknowledged(core.id)
        }
        core.outgoing.update(&self.wakes) { $0.reachLowWater() }
    }

    /// Opens what tasks have taken numbers for, in the same order.
    func openWaitingStreams() {
        // After 0-RTT data was refused, those that were open before come first.
        if self.engine.hasRejectedEarlyData, !self.hasReopenedStreams, self.engine.phase.isOpen { return }
        let waiting = self.numbers.withLock { $0.takeWaiting() }
        for core in waiting {
            let direction: StreamDirection = core.id.isBidirectional ? .bidirectional : .unidirectional
            self.streams[core.id] = core
            do throws(EngineError) {
                let id = try self.engine.openStream(direction, priority: core.priority)
                guard id == core.id else {
                    throw EngineError(.refusedByLibrary, "stream \(core.id) was opened as \(id)")
                }
            } catch {
                self.fail(core, self.progress.withLock { $0.error } ?? QUICError(error))
            }
        }
    }

    private func applyWishes(into sockets: ShardSockets, now: EngineInstant) {
        self.openWaitingStreams()
        self.datagramBox.update(&self.wakes) { $0.depart(to: self.engine) }
        if let close = self.wishes.withLock({ $0.takeClose() }) {
            // What was written before has a chance to go out.
            _ = sockets.transmit(self.engine, now: now)
            try? self.engine.close(applicationCode: close.code, reason: close.reason, now: now)
        }
    }

    /// Returns whether more of them can be given to the engine.
    private func noteDatagrams() -> Bool {
        guard self.peerAcceptsDatagrams else { return false }
        let size = self.engine.maximumDatagramSize
        let queued = self.engine.datagramsQueued
        self.datagramBox.update(&self.wakes) { $0.note(maximumSize: size, queuedInEngine: queued) }
        return self.datagramBox.withLock { $0.isDue }
    }

    func fail(_ core: StreamCore, _ error: QUICError) {
        core.incoming.update(&self.wakes) { $0.fail(error) }
        core.outgoing.update(&self.wakes) { $0.fail(error) }
        self.streams[core.id] = nil
    }
}

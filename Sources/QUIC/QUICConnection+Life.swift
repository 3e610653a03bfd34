public import QUICEngine
internal import Synchronization

extension QUICConnection {
    /// Waits until the handshake is complete, and returns what was agreed on. On a connection that
    /// ``QUICEndpoint/connect(to:port:_:)`` returned, it is.
    @discardableResult
    public nonisolated func handshake() async throws(QUICError) -> HandshakeSummary {
        try await self.progress.wait { state -> Result<HandshakeSummary, QUICError>? in
            if let summary = state.summary { return .success(summary) }
            return state.error.map { .failure($0) }
        }.get()
    }

    /// Waits until both ends know that the handshake is complete (RFC 9001 §4.1.2): from then on a client may move, and
    /// either end may update keys.
    public nonisolated func handshakeConfirmed() async throws(QUICError) {
        try await self.progress.wait { state -> Result<Void, QUICError>? in
            if state.isConfirmed { return .success(()) }
            return state.error.map { .failure($0) }
        }.get()
    }

    /// Waits until it is known whether the server took what was sent as 0-RTT data. Where it did not, Tern has sent it
    /// again.
    public nonisolated func earlyDataAccepted() async throws(QUICError) -> Bool {
        try await self.progress.wait { state -> Result<Bool, QUICError>? in
            if let accepted = state.acceptedEarlyData { return .success(accepted) }
            return state.error.map { .failure($0) }
        }.get()
    }

    /// Closes at once, with a code of the application's and a reason for people. Everything that waits on the connection
    /// ends; what was not delivered yet is lost: ``drain(upTo:)`` before closing waits for it.
    ///
    /// Closing twice, or after the peer, changes nothing.
    public nonisolated func close(code: UInt64 = 0, reason: String = "") {
        let close = ConnectionWishes.Close(code: min(code, 1 << 62 - 1), reason: reason)
        if self.wishes.withLock({ $0.wantClose(close) }) { self.router.signal(.connection(self)) }
    }

    /// Waits for the end, and returns who ended it, with which code, and why.
    public nonisolated func closed() async throws(QUICError) -> QUICError { try await self.progress.wait { $0.error } }

    /// Waits until the peer has received all that was written to streams that are finished, but no longer than `limit`.
    /// Returns whether that came about.
    @discardableResult
    public nonisolated func drain(upTo limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.waitForAcknowledgements() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            let isDrained = await group.next() ?? false
            group.cancelAll()
            return isDrained
        }
    }

    private nonisolated func waitForAcknowledgements() async -> Bool {
        for core in await self.finishedStreams() {
            let question = core.change { $0.askForAcknowledgement() }
            guard let answer = try? await core.outgoing.wait({ $0.answer(to: question) }) else { return false }
            // A stream that was reset or stopped has nothing to deliver any more.
            _ = answer
        }
        return true
    }

    private func finishedStreams() -> [StreamCore] {
        self.openWaitingStreams()
        return self.streams.values.filter { $0.outgoing.withLock { $0.isFinished } }
    }

    /// The figures of the connection.
    public func statistics() -> ConnectionStatistics {
        var statistics = self.engine.statistics
        statistics.datagramFramesDropped &+= self.datagramBox.withLock { $0.droppedOnArrival }
        return statistics
    }

    /// What the peer declared of itself in the handshake; nil before, and once the connection is over.
    public func peerTransportParameters() -> PeerTransportParameters? { self.engine.peerTransportParameters }

    /// Measures a round trip: sends a PING and waits for the answer.
    @discardableResult
    public nonisolated func ping() async throws(QUICError) -> Duration {
        let before = try await self.startPing()
        return try await self.progress.wait { state -> Result<Duration, QUICError>? in
            if state.pings > before { return .success(state.latestPing) }
            return state.error.map { .failure($0) }
        }.get()
    }

    private func startPing() throws(QUICError) -> Int {
        try self.acting { engine, _ throws(EngineError) in try engine.ping() }
        return self.progress.withLock { $0.pings }
    }

    /// Moves packet protection on to new keys (RFC 9001 §6), and waits until both ends use them. Refused while the update
    /// before is not three probe timeouts old (RFC 9001 §6.5).
    public nonisolated func updateKeys() async throws(QUICError) {
        try await self.handshakeConfirmed()
        try await self.startKeyUpdate()
        // The peer learns of new keys from a packet, and answers with its own (RFC 9001 §6.2): one must go out.
        try await self.ping()
    }

    private func startKeyUpdate() throws(QUICError) {
        try self.acting { engine, now throws(EngineError) in try engine.updateKeys(now: now) }
    }

    /// Sets the silence after which a PING keeps the connection alive; nil: none is sent.
    public func setKeepAlive(_ interval: Duration?) throws(QUICError) {
        try self.acting { engine, _ throws(EngineError) in try engine.setKeepAlive(interval) }
    }

    /// Moves to another address of this host (RFC 9000 §9.2), and waits until the server was heard there. Clients only.
    ///
    /// `local` may be any address of the host; port 0 stays on the endpoint's socket where that can send from there, and
    /// otherwise opens another one. Transfers go on meanwhile.
    public nonisolated func migrate(to local: NetworkAddress) async throws(QUICError) {
        try await self.handshakeConfirmed()
        let target = try await self.router.openPath(from: local, to: self.remoteAddress)
        let number = try await self.startMigration(to: target)
        try await self.progress.wait { state -> Result<Void, QUICError>? in
            switch state.validation(of: target, after: number) {
            case true?: return .success(())
            case false?:
                return .failure(QUICError(.refused, "nobody answers on \(target): the connection stays where it was"))
            case nil: return state.error.map { .failure($0) }
            }
        }.get()
    }

    private func startMigration(to path: NetworkPath) throws(QUICError) -> Int {
        let number = self.progress.withLock { $0.validationCount }
        try self.acting { engine, now throws(EngineError) in try engine.migrate(to: path, now: now) }
        return number
    }

    /// Does something with the engine, and has the router see to the consequences.
    func acting<R: Sendable>(
        _ body: (ConnectionEngine, EngineInstant) throws(EngineError) -> R
    ) throws(QUICError) -> R {
        defer { self.touch() }
        do throws(EngineError) {
            return try body(self.engine, self.router.onLoop { $0.now })
        } catch {
            throw self.progress.withLock { $0.error } ?? QUICError(error)
        }
    }
}

internal import QUICEngine
internal import QUICIO

// How connections come, change and go in the table.

extension ConnectionRouter {
    /// Takes a connection in. Its first ID routes to it from now on.
    func adopt(_ connection: QUICConnection) {
        self.connections.insert(connection)
        self.statistics.connectionsStarted &+= 1
        let now = self.now
        connection.assumeIsolated { $0.digest(now: now) }
    }

    /// Changes the table as a connection's IDs do.
    func follow(_ event: ConnectionEvent, of connection: QUICConnection, probeTimeout: Duration) {
        // Late packets may still carry an ID for three probe timeouts (RFC 9000 §10.2).
        let expiry = self.now.advanced(by: max(probeTimeout * 3, .milliseconds(100)))
        switch event {
        case .connectionIDIssued(let issued): _ = self.table.issue(issued, to: connection)
        case .connectionIDRetired(let issued): self.table.retire(issued.id, of: connection, until: expiry)
        case .initialConnectionIDExpired: self.table.removeInitial(of: connection, until: expiry)
        case .resetTokenLearned(let token, let number): _ = self.table.learn(token, number: number, for: connection)
        case .resetTokenExpired(let token, let number): self.table.forget(token, number: number, for: connection)
        default: break
        }
    }

    /// The handshake is complete: whoever accepts gets the connection now, and not before.
    func followCompletion(of connection: QUICConnection) {
        self.statistics.handshakesCompleted &+= 1
        self.settleHalfOpen(connection)
        guard connection.isServer else { return }
        self.endpoint.offer(connection)
    }

    func followConfirmation(of connection: QUICConnection) { self.table.promote(connection) }

    func follow(move path: NetworkPath, of connection: QUICConnection) {
        self.table.moved(connection, to: path.remote)
    }

    func followClose(of connection: QUICConnection, _ error: QUICError) {
        self.failHalfOpen(connection)
        self.statistics.noteClose(error)
        // A token of the peer's is of no use any more, and its address may be somebody else's soon.
        self.table.disassociate(connection)
    }

    /// Everything that leads to a connection goes; its IDs are remembered, so that late packets are not answered. Where
    /// nothing was opened they are not: one damaged packet must not lock its sender out.
    func forget(_ connection: QUICConnection) {
        guard self.connections.remove(connection) != nil else { return }
        self.failHalfOpen(connection)
        self.timers.remove(connection)
        let openedNothing = connection.assumeIsolated { $0.engine.openedNothing }
        self.table.remove(
            connection, rememberingUntil: openedNothing ? nil : self.now.advanced(by: .seconds(3)))
        self.endpoint.noteTermination()
        // What was left for a later turn must not keep the connection until somebody else has one.
        if !self.signals.isEmpty { self.loop.signal(self) }
    }

    private func failHalfOpen(_ connection: QUICConnection) {
        if let address = self.settleHalfOpen(connection) { connection.context.attemptFailed?(address) }
    }

    /// Returns where the client called from if its handshake was still under way.
    @discardableResult
    private func settleHalfOpen(_ connection: QUICConnection) -> NetworkAddress? {
        let address = connection.assumeIsolated { state -> NetworkAddress? in
            defer { state.halfOpenFrom = nil }
            return state.halfOpenFrom
        }
        if let address { self.admission.close(address) }
        return address
    }
}

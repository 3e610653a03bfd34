extension ConnectionEngine {
    /// Moves to another path (RFC 9000 §9.2): at once, or after the new path was probed and found good.
    ///
    /// Packets to send come out of the next ``transmit(into:maximumDatagrams:now:)``, marked with the new path.
    public func migrate(to path: NetworkPath, probingFirst: Bool = true, now: EngineInstant) throws(EngineError) {
        let connection = try self.openConnection()
        guard !self.isServer else {
            throw EngineError(.migrationNotPossible, "only clients move: a server can name a preferred address instead")
        }
        guard self.phase == .confirmed else {
            throw EngineError(.migrationNotPossible, "the handshake is not confirmed yet: wait for handshakeConfirmed")
        }
        guard !connection.peerForbidsMigration else {
            throw EngineError(.migrationNotPossible, "the server does not allow clients to move")
        }
        let result = connection.migrate(to: path, immediately: !probingFirst, now: now)
        switch result {
        case .success: break
        case .connectionIDBlocked:
            throw EngineError(
                .migrationNotPossible, "the server has given us no unused connection ID yet: try again soon")
        default:
            throw EngineError(.migrationNotPossible, "moving to \(path): \(result.text)")
        }
        self.settle(.success, now: now)
    }

    /// Moves packet protection on to new keys (RFC 9001 §6).
    public func updateKeys(now: EngineInstant) throws(EngineError) {
        let connection = try self.openConnection()
        guard self.phase == .confirmed else {
            throw EngineError(.connectionStateMismatch, "keys can be updated once the handshake is confirmed")
        }
        let result = connection.updateKeys(now: now)
        guard result == .success else {
            throw EngineError(.connectionStateMismatch, "the last key update is not confirmed yet: \(result.text)")
        }
        self.settle(.success, now: now)
    }

    /// Sets the silence after which a PING is sent; nil: none is.
    public func setKeepAlive(_ interval: Duration?) throws(EngineError) {
        let connection = try self.openConnection()
        if let interval, interval <= .zero {
            throw EngineError(.invalidConfiguration, "keep-alive must be positive")
        }
        self.keepAlive = interval?.clampedNanoseconds ?? 0
        connection.setKeepAlive(self.keepAlive)
    }

    /// The probe timeout (RFC 9002 §6.2.1). Late packets may come for three of them: routes are remembered so long.
    public var probeTimeout: Duration { .clamped(nanoseconds: self.connection?.probeTimeout ?? 0) }

    /// What the peer declared of itself; nil before it is known, and once the connection is over.
    public var peerTransportParameters: PeerTransportParameters? { self.connection?.peerTransportParameters }

    /// The figures of this connection.
    public var statistics: ConnectionStatistics {
        self.refreshLibraryFigures()
        var statistics = self.context.statistics
        statistics.streamsActive = self.streams.count
        for entry in self.streams.allInOrder {
            statistics.streamBytesReceived &+= entry.bytesReceived &+ UInt64(entry.sink.filled)
        }
        guard let connection = self.connection, !EngineLibrary.countsAllLosses else { return statistics }
        for entry in self.streams.allInOrder where !entry.isClosedByTransport {
            statistics.packetsLost &+= connection.lostPackets(of: entry.id)
        }
        statistics.packetsLost &+= statistics.datagramFramesLost
        return statistics
    }

    /// Copies the library's figures: they are gone once the connection closes.
    func refreshLibraryFigures() {
        guard let connection = self.connection else { return }
        connection.copyFigures(to: &self.context.statistics)
    }
}

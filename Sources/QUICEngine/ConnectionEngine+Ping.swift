extension ConnectionEngine {
    /// Sends a PING (RFC 9000 §19.2) with the next packet. ``ConnectionEvent/pingAnswered(_:)`` tells that the peer
    /// acknowledged it, or something that was sent after it.
    public func ping() throws(EngineError) {
        _ = try self.openConnection()
        guard self.phase != .handshaking else {
            throw EngineError(
                .connectionStateMismatch, "a ping needs a complete handshake: wait for handshakeCompleted")
        }
        if self.pingState == .none { self.pingState = .wanted }
    }

    /// Where a ping is. The library has no call for one, so its keep-alive is brought forward.
    enum PingState: Equatable {
        case none, wanted
        /// What the library had measured when the PING left.
        case waiting(RoundTripSample)
    }

    /// What an acknowledgement changes.
    struct RoundTripSample: Equatable {
        let latest, smoothed, variation, inFlight: UInt64

        /// Whether an acknowledgement came in between. On a path without any jitter only the bytes in flight tell.
        func isAnswered(by later: RoundTripSample) -> Bool {
            later.latest != self.latest || later.smoothed != self.smoothed || later.variation != self.variation
                || later.inFlight < self.inFlight
        }
    }

    func preparePing(_ connection: NGTCP2Connection) {
        guard self.pingState == .wanted else { return }
        connection.setKeepAlive(1)
    }

    func notePing(_ connection: NGTCP2Connection, written: Int) {
        guard self.pingState == .wanted, written > 0 else { return }
        let sample = connection.roundTripSample
        // In the instant in which something arrived the keep-alive is not due: then only an acknowledgement has left, and
        // the timer, which is, brings the PING.
        guard sample.inFlight > 0 else { return }
        connection.setKeepAlive(self.keepAlive)
        self.pingState = .waiting(sample)
    }

    func completePing(_ connection: NGTCP2Connection) {
        guard case .waiting(let before) = self.pingState, case let sample = connection.roundTripSample,
            before.isAnswered(by: sample)
        else { return }
        self.pingState = .none
        self.context.record(.pingAnswered(.clamped(nanoseconds: sample.latest)))
    }
}

extension ConnectionEngine {
    /// Closes the connection with an application's code and a reason for people.
    ///
    /// The reason is cut to what fits a packet, at a character. Closing twice, or after the peer, changes nothing.
    public func close(applicationCode: UInt64, reason: String = "", now: EngineInstant) throws(EngineError) {
        try Self.check(code: applicationCode)
        self.closeLocally(.application(applicationCode), reason: reason, now: now)
    }

    /// Closes the connection with a QUIC code (RFC 9000 §20.1), 0 when there is nothing to complain about.
    public func close(transportCode: UInt64 = 0, reason: String = "", now: EngineInstant) throws(EngineError) {
        try Self.check(code: transportCode)
        self.closeLocally(.transport(transportCode), reason: reason, now: now)
    }

    /// Ends the connection at once and in silence, as if the process had died: nothing is sent any more.
    public func abandon(now: EngineInstant) {
        guard self.phase != .closed else { return }
        self.end(ConnectionCloseReason(.local, nil, reason: "abandoned"), drainingFrom: nil)
    }

    static func check(code: UInt64) throws(EngineError) {
        guard code < 1 << 62 else {
            throw EngineError(.codeOutOfRange, "error code \(code) does not fit: QUIC carries codes below 2^62")
        }
    }

    /// RFC 9000 §10.2.1: the packet is saved, the connection is freed, and late packets are answered for 3×PTO.
    func closeLocally(_ code: ConnectionCloseReason.Code, reason: String, now: EngineInstant) {
        guard let connection = self.connection, self.phase.isOpen else { return }
        let text = Self.cut(reason)
        let bytes =
            switch code {
            case .application(let code): connection.writeClose(isApplication: true, code: code, reason: text, now: now)
            case .transport(let code): connection.writeClose(isApplication: false, code: code, reason: text, now: now)
            }
        let summary = ConnectionCloseReason(.local, code, reason: String(decoding: text, as: UTF8.self))
        guard !bytes.isEmpty else {
            // Nothing was ever sent, or nothing may be: there is nobody to tell.
            return self.end(summary, drainingFrom: nil)
        }
        let deadline = now.advanced(by: .clamped(nanoseconds: connection.probeTimeout) * 3)
        self.savedClose = SavedClose(bytes: bytes, path: connection.transmitPath ?? self.path, isDue: true)
        guard self.state.startClosing(until: deadline.nanoseconds) else { return }
        self.finish(summary)
    }

    /// What a negative result means for the connection.
    func fail(_ result: LibraryResult, now: EngineInstant) {
        guard let connection = self.connection else { return }
        switch result {
        case .draining:
            let peer = connection.peerClose
            let code = peer.isApplication.map {
                $0 ? ConnectionCloseReason.Code.application(peer.code) : .transport(peer.code)
            }
            self.end(ConnectionCloseReason(.peer, code, reason: peer.reason), drainingFrom: now)
        case .idleClose:
            self.end(ConnectionCloseReason(.idleTimeout, reason: ""), drainingFrom: nil)
        case .handshakeTimeout:
            self.end(ConnectionCloseReason(.handshakeTimeout, reason: ""), drainingFrom: nil)
        case .versionNegotiation:
            let offered = self.context.offeredVersions
            let text = "it offers \(offered.map(\.description).joined(separator: ", "))"
            self.end(
                ConnectionCloseReason(.versionNegotiation, reason: text, offeredVersions: offered), drainingFrom: nil)
        case .dropConnection, .retry:
            // The first packets were no handshake: RFC 9000 §5.2.2 lets a server forget them in silence.
            self.openedNothing = true
            self.end(
                ConnectionCloseReason(.local, nil, reason: "the first packets open no connection"), drainingFrom: nil)
        case .tls:
            let (alert, text) = self.tlsFailure(connection)
            self.closeLocally(.transport(0x100 + UInt64(alert.rawValue)), reason: text, now: now)
        default:
            self.closeLocally(.transport(result.transportCode), reason: result.text, now: now)
        }
    }

    /// Ends without a packet of ours. `drainingFrom` nil: at once; otherwise after 3×PTO of silence (RFC 9000 §10.2.2).
    func end(_ reason: ConnectionCloseReason, drainingFrom now: EngineInstant?) {
        if let now, let connection = self.connection {
            let deadline = now.advanced(by: .clamped(nanoseconds: connection.probeTimeout) * 3)
            guard self.state.startDraining(until: deadline.nanoseconds) else { return }
            self.finish(reason)
        } else {
            guard self.state.phase != .closed else { return }
            self.finish(reason)
            self.terminate()
        }
    }

    /// Closing or draining is over: nobody needs to route packets here any more.
    func terminate() {
        guard self.state.close() else { return }
        self.savedClose = nil
        for retired in self.context.connectionIDs.retireAll() { self.context.record(.connectionIDRetired(retired)) }
        self.context.record(.terminated)
    }

    func answerWhileClosing() {
        if self.state.receivePacketWhileClosing() { self.savedClose?.isDue = true }
    }

    /// The cause first, then everything that the connection held.
    private func finish(_ reason: ConnectionCloseReason) {
        guard self.closeReason == nil else { return }
        self.closeReason = reason
        self.context.record(.closed(reason))
        self.refreshLibraryFigures()
        for entry in self.streams.allInOrder {
            entry.absorb()
            self.context.statistics.streamBytesReceived &+= entry.bytesReceived
            entry.bytesReceived = 0
        }
        self.connection = nil
        // The application that closes has read what it wanted. Otherwise what arrived before the end stays readable.
        if reason.closedBy == .local {
            self.streams.removeAll(to: self.pool)
        } else {
            self.streams.keepUnread(to: self.pool)
        }
        self.context.touched.removeAll()
        self.datagrams.removeAll()
    }

    private func tlsFailure(_ connection: NGTCP2Connection) -> (TLSAlert, String) {
        if let rejection = self.context.verifier?.rejection { return rejection }
        let alert = TLSAlert(connection.tlsAlert)
        if alert == .internalError, self.context.isReadingCertificate {
            // GnuTLS has no alert for certificates that it refuses to read: one that has an extension twice is such.
            return (.badCertificate, "the peer's certificate can't be read")
        }
        if let name = self.context.refusedName { return (.unrecognizedName, "no certificate for \(name)") }
        if alert == .handshakeFailure {
            return (alert, "no cipher, key exchange group or signature algorithm in common")
        }
        if alert == .certificateRequired { return (alert, "the peer showed no certificate") }
        if alert == .noApplicationProtocol { return (alert, "no application protocol (ALPN) in common") }
        return (alert, alert.rawValue == 0 ? "the TLS handshake failed" : "")
    }

    /// RFC 9000 §19.19: the text is UTF-8; what does not fit is left out, but no character is cut in half.
    static func cut(_ reason: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for character in reason.unicodeScalars {
            let encoded = Array(String(character).utf8)
            guard bytes.count + encoded.count <= 256 else { break }
            bytes += encoded
        }
        return bytes
    }
}

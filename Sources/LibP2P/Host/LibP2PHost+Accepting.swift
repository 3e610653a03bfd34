internal import QUIC
internal import Synchronization

// Connections that peers dial. Who calls is asked for a place before anything is spent on him; the place is his until the
// connection ends, or the handshake fails.

extension LibP2PHost {
    /// How the host's sockets listen.
    func serverConfiguration(for socket: HostSocket) -> QUICServerConfiguration {
        var tls = LibP2PTrust.server(identity: self.identity)
        if !self.configuration.otherProtocols.isEmpty {
            let node = TLSServerConfiguration.ProtocolTerms(
                identities: tls.identities, clientAuthentication: tls.clientAuthentication)
            tls.terms[LibP2PTrust.applicationProtocol] = node
            for other in self.configuration.otherProtocols {
                tls.protocols.append(other.name)
                tls.terms[other.name] = .init(
                    identities: other.identities, clientAuthentication: other.clientAuthentication)
            }
        }
        var server = QUICServerConfiguration(tls: tls, transport: self.configuration.transport)
        server.givesTickets = false
        // The filter below decides, because a place must not be taken for one who is sent away to come again.
        server.retry = .never
        let local = socket.address
        server.filter = { [weak self] attempt in self?.admit(attempt, at: local) ?? .ignore }
        server.attemptFailed = { [weak self] address in self?.giveUpPlace(of: address) }
        return server
    }

    /// Takes connections in until the endpoint is shut down.
    func accept(on socket: HostSocket) async {
        while let connection = try? await socket.endpoint.accept() {
            self.jobs.add { await self.serve(connection) }
        }
    }

    private func admit(_ attempt: QUICIncomingAttempt, at local: NetworkAddress) -> QUICAdmission {
        if !attempt.isAddressValidated, attempt.halfOpen >= self.configuration.retryThreshold { return .retry }
        let remote = attempt.remoteAddress
        do throws(LibP2PError) {
            if let gate = self.configuration.gate {
                let verdict = gate.mayAccept(from: Multiaddress(remote), to: Multiaddress(attempt.localAddress))
                try verdict.check("\(Multiaddress(remote))")
            }
            try self.change { state throws(LibP2PError) in
                guard state.phase == .running else { throw .notRunning }
                let ticket = try state.ledger.reserveConnection(.inbound, with: remote, now: .now)
                state.arrivals.add(ticket, from: remote, now: .now)
            }
            return .accept
        } catch {
            self.noteFailure(of: Multiaddress(remote), because: error)
            return .refuse
        }
    }

    private func giveUpPlace(of address: NetworkAddress) {
        self.state.withLock { state in
            if let ticket = state.arrivals.take(from: address) { state.ledger.release(ticket) }
        }
        let reason = LibP2PError(.unreachable, "the peer did not complete the handshake")
        self.noteFailure(of: Multiaddress(address), because: reason)
    }

    private func serve(_ quic: QUICConnection) async {
        let remote = quic.remoteAddress
        var ticket: ResourceLedger.ConnectionTicket?
        do throws(LibP2PError) {
            let place = try self.change { state throws(LibP2PError) in
                if let place = state.arrivals.take(from: remote) { return place }
                // Whoever has moved during the handshake has left his place behind.
                return try state.ledger.reserveConnection(.inbound, with: remote, now: .now)
            }
            ticket = place
            guard quic.applicationProtocol == LibP2PTrust.applicationProtocol else {
                await self.serveOther(quic)
                return self.release(place)
            }
            guard let peer = LibP2PTrust.peer(of: quic.peerCertificate) else {
                throw LibP2PError(.wrongPeer, "the peer has shown no certificate")
            }
            let connection = try self.establish(QUICMuxedConnection(quic), peer, .inbound, place, quic.path)
            await self.serve(connection)
        } catch {
            if let ticket { self.release(ticket) }
            quic.close(code: error.connectionCode.rawValue, reason: Self.word(for: error))
            self.noteFailure(of: Multiaddress(remote), because: error)
        }
    }

    /// A connection of another protocol on the same port.
    private func serveOther(_ quic: QUICConnection) async {
        guard let other = self.configuration.otherProtocols.first(where: { $0.name == quic.applicationProtocol })
        else { return quic.close() }
        do {
            try await other.handler(quic)
            await quic.drain(upTo: .seconds(5))
            quic.close()
        } catch {
            quic.close(code: 1)
        }
    }

    func release(_ ticket: ResourceLedger.ConnectionTicket) { self.state.withLock { $0.ledger.release(ticket) } }

    /// What is said beside the code: peers need not know the reasons of a gate.
    static func word(for error: LibP2PError) -> String { error.code == .gated ? "gated" : error.description }
}

internal import QUIC
internal import Synchronization

// What every connection goes through, whoever dialled and over whatever it runs: judged, kept, served, forgotten.

extension LibP2PHost {
    /// Takes in a connection whose peer is authenticated. Where it throws, the caller closes it and gives the ticket back.
    func establish(
        _ base: any MuxedConnection, _ peer: AuthenticatedPeer, _ direction: ConnectionDirection,
        _ ticket: ResourceLedger.ConnectionTicket, _ path: NetworkPath
    ) throws(LibP2PError) -> LibP2PConnection {
        try self.establish(
            base, peer, direction, ticket, local: Multiaddress(path.local), remote: Multiaddress(path.remote))
    }

    /// Takes in a connection between two addresses.
    func establish(
        _ base: any MuxedConnection, _ peer: AuthenticatedPeer, _ direction: ConnectionDirection,
        _ ticket: ResourceLedger.ConnectionTicket, local: Multiaddress, remote: Multiaddress
    ) throws(LibP2PError) -> LibP2PConnection {
        guard peer.id != self.peerID else {
            throw LibP2PError(.wrongPeer, "the peer at \(remote) is this host itself")
        }
        let connection = LibP2PConnection(
            base, to: peer, direction, addresses: (local, remote), ticket: ticket,
            number: self.state.withLock { $0.nextNumber() }, on: self)
        if let gate = self.configuration.gate {
            try gate.mayProceed(with: connection.info).check("\(connection.info)")
        }
        try self.change { state throws(LibP2PError) in try state.ledger.establish(ticket, as: peer.id) }
        if let gate = self.configuration.gate {
            try gate.mayKeep(connection.info).check("\(connection.info)")
        }
        let isFirst = try self.change { state throws(LibP2PError) in
            guard state.phase == .running else { throw .notRunning }
            return state.add(connection, as: self.peerID, now: .now)
        }
        self.configuration.peerStore.update(peer.id) { stored, now in
            stored.key = peer.key.message
            stored.lastSeen = now
            guard direction == .outbound else { return }
            stored.add([remote], source: .given, lifetime: .seconds(3600), now: now)
        }
        self.fan.publish(.connected(connection.info, isFirst: isFirst))
        return connection
    }

    /// Serves the streams of a connection until it ends, and forgets it.
    func serve(_ connection: LibP2PConnection) async {
        self.jobs.add { await self.identify(over: connection) }
        await withDiscardingTaskGroup { group in
            while let stream = try? await connection.base.acceptStream() {
                guard let lease = try? self.lease(.inbound, on: connection) else {
                    stream.reset(code: .resourceLimitExceeded)
                    continue
                }
                group.addTask { await self.serve(stream, lease, on: connection) }
            }
            if Task.isCancelled { connection.close(.shutdown, reason: "the host stops") }
            // Handlers that wait for something else must not keep the connection in the books.
            self.forget(connection, because: await connection.closed())
            group.cancelAll()
        }
    }

    /// Forgets a connection that is over; once.
    func forget(_ connection: LibP2PConnection, because reason: LibP2PError) {
        var random = SystemRandomNumberGenerator()
        guard let isLast = self.state.withLock({ $0.remove(connection, now: .now, random: &random) }) else { return }
        self.fan.publish(.disconnected(connection.info, reason: reason, isLast: isLast))
    }

    // MARK: Streams

    /// Negotiates the protocol of a stream that the peer opened, and serves it.
    private func serve(_ base: any DuplexStream, _ lease: StreamLease, on connection: LibP2PConnection) async {
        let table = self.state.withLock { $0.handlers }
        let limit = self.configuration.negotiationTimeout
        guard let (negotiated, handler) = try? await Negotiation.respond(base, table: table, deadline: limit)
        else { return }
        do throws(LibP2PError) {
            try lease.assign(to: negotiated.protocolID)
        } catch {
            return base.reset(code: .resourceLimitExceeded)
        }
        let stream = LibP2PStream(negotiated, peer: connection.peer, on: connection, lease: lease)
        do {
            try await handler(stream)
            try Task.checkCancellation()
            await stream.close()
        } catch {
            stream.reset((error as? LibP2PError)?.streamCode ?? .none)
        }
    }

    /// Opens a stream on one connection.
    func openStream(
        on connection: LibP2PConnection, _ protocols: [ProtocolID], isLazy: Bool
    ) async throws(LibP2PError) -> LibP2PStream {
        let lease = try self.lease(.outbound, on: connection)
        let base = try await connection.base.openStream()
        let limit = self.configuration.negotiationTimeout
        let negotiated = try await Negotiation.initiate(base, offers: protocols, isLazy: isLazy, deadline: limit)
        do throws(LibP2PError) {
            try lease.assign(to: negotiated.protocolID)
        } catch {
            base.reset(code: .resourceLimitExceeded)
            throw error
        }
        return LibP2PStream(negotiated, peer: connection.peer, on: connection, lease: lease, deadline: limit)
    }

    /// A place for one more stream of a connection.
    private func lease(
        _ direction: ConnectionDirection, on connection: LibP2PConnection
    ) throws(LibP2PError) -> StreamLease {
        do throws(LibP2PError) {
            return try self.change { state throws(LibP2PError) in
                let ticket = try state.ledger.reserveStream(direction, on: connection.ticket)
                state.statistics.streamsOpened[direction] += 1
                state.peers[connection.peer]?.choice.streamOpened(connection.number)
                return StreamLease(ticket, on: connection, of: self)
            }
        } catch {
            self.state.withLock { $0.statistics.streamsRefused &+= 1 }
            throw error
        }
    }

    func reserveMemory(_ count: Int, for connection: LibP2PConnection) throws(LibP2PError) -> MemoryLease {
        MemoryLease(
            try self.change { state throws(LibP2PError) in
                try state.ledger.reserveMemory(count, for: connection.ticket)
            }, of: self)
    }

    func release(_ ticket: ResourceLedger.MemoryTicket) { self.state.withLock { $0.ledger.release(ticket) } }

    func assign(_ ticket: ResourceLedger.StreamTicket, to protocolID: ProtocolID) throws(LibP2PError) {
        try self.change { state throws(LibP2PError) in try state.ledger.assign(ticket, to: protocolID) }
    }

    func release(_ ticket: ResourceLedger.StreamTicket, on connection: UInt64, with peer: PeerID) {
        self.state.withLock { state in
            state.ledger.release(ticket)
            state.peers[peer]?.choice.streamEnded(connection)
        }
    }
}

internal import QUIC
internal import QUICIO
internal import Synchronization

// What peers say of themselves and of this host, and what this host says.

extension LibP2PHost {
    /// What a connected peer has said of itself; nil before it has, and when it is gone.
    public func identification(of peer: PeerID) -> PeerIdentification? {
        self.state.withLock { $0.identifications[peer] }
    }

    /// Where several peers of different networks agree to see this host: what the NAT in front of it makes of its address.
    public var confirmedAddresses: [Multiaddress] {
        self.state.withLock { $0.observed.confirmed(now: Self.time.now()) }
    }

    /// Where peers have said that they see this host, the likeliest first. One of them may err, or lie.
    public var observedAddresses: [Multiaddress] {
        self.state.withLock { $0.observed.reported(now: Self.time.now()) }
    }

    /// Whether strangers can dial this host, as far as peers have told.
    public var reachability: Reachability {
        let listening = self.listenAddresses
        return self.state.withLock { state in
            Reachability(
                confirmed: state.observed.confirmed(now: Self.time.now()), listening: listening,
                hasStrangers: state.hasStrangers)
        }
    }

    /// Pings a peer, over and over on one stream.
    ///
    ///     let session = try await host.ping(peer)
    ///     for try await roundTrip in session.roundTrips() { print(roundTrip) }
    public func ping(_ peer: PeerID) async throws(LibP2PError) -> PingSession {
        PingSession(try await self.openStream(to: peer, Ping.protocolID))
    }

    // MARK: Within the host

    static let time = TimeSource.continuous

    /// Registers the protocols that every host speaks.
    func serveOwnProtocols() throws(LibP2PError) {
        if self.configuration.answersPings {
            let ping = PingService()
            try self.handle(Ping.protocolID) { stream in try await ping.serve(stream) }
        }
        guard self.configuration.identifies else { return }
        let service = IdentifyService(
            message: { [weak self] stream throws(LibP2PError) in
                guard let self else { throw .notRunning }
                return try self.identifyMessage(for: stream)
            },
            heard: { [weak self] stream, message throws(LibP2PError) in try self?.hear(message, on: stream) })
        self.state.withLock { $0.identify = service }
        try self.handle(Identify.protocolID) { stream in try await service.serve(stream) }
        try self.handle(Identify.pushProtocolID) { stream in try await service.servePush(stream) }
    }

    /// Asks the peer of a new connection who it is.
    func identify(over connection: LibP2PConnection) async {
        guard let service = self.state.withLock({ $0.identify }) else { return }
        // A peer that does not speak it is one of which less is known.
        guard let stream = try? await connection.openStream([Identify.protocolID], isLazy: true) else { return }
        try? await service.ask(on: stream)
    }

    /// Tells all peers what has changed of this host: soon, and once for many changes.
    func pushIdentity() {
        let isFirst = self.state.withLock { state in
            guard state.phase == .running, state.identify != nil, !state.isPushDue else { return false }
            state.isPushDue = true
            return true
        }
        guard isFirst else { return }
        self.jobs.add {
            try? await Task.sleep(for: .milliseconds(100))
            let (service, connections) = self.state.withLock { state in
                state.isPushDue = false
                return (state.identify, state.peers.values.compactMap(\.best))
            }
            await service?.push(to: connections) { connection throws(LibP2PError) in
                try await connection.openStream([Identify.pushProtocolID], isLazy: true)
            }
        }
    }

    private func identifyMessage(for stream: LibP2PStream) throws(LibP2PError) -> IdentifyMessage {
        guard let remote = stream.connection?.remoteAddress else { throw .notRunning }
        // Only this machine can use loopback addresses.
        let isNear = remote.reach == .loopback
        let addresses = self.announcements.filter { isNear || $0.reach != .loopback }
        var message = IdentifyMessage.describing(
            self.key.publicKey, addresses: addresses, protocols: self.protocols,
            agent: self.configuration.agentVersion, protocolVersion: self.configuration.protocolVersion,
            record: try self.signedRecord(of: addresses, isNear: isNear), to: remote)
        // Through a relay the peer is not seen, only the relay.
        if stream.connection?.isRelayed == true { message.observedAddress = nil }
        return message
    }

    /// The signed record of the addresses; made again only where they have changed.
    private func signedRecord(of addresses: [Multiaddress], isNear: Bool) throws(LibP2PError) -> [UInt8] {
        if let known = self.state.withLock({ $0.records[isNear] }), known.addresses == addresses { return known.bytes }
        let sequence = UInt64(clamping: WallClock.seconds())
        let bytes = try IdentifyMessage.signedRecord(of: self.key, addresses: addresses, sequence: sequence)
        self.state.withLock { $0.records[isNear] = (addresses, bytes) }
        return bytes
    }

    private func hear(_ message: IdentifyMessage, on stream: LibP2PStream) throws(LibP2PError) {
        guard let connection = stream.connection else { return }
        let peer = connection.peer
        let remote = connection.remoteAddress
        // Only what peers see of a socket that listens says where the host can be reached.
        let (identification, isNew) = try self.change { state throws(LibP2PError) in
            var known =
                state.identifications[peer]
                ?? PeerIdentification(of: AuthenticatedPeer(connection.publicKey))
            try known.update(message, from: remote)
            if state.peers[peer] != nil { state.identifications[peer] = known }
            guard !connection.isRelayed, state.isListening(on: connection), let observed = known.observedAddress
            else { return (known, false) }
            return (known, state.observed.record(observed, by: peer, at: remote, now: Self.time.now()))
        }
        self.remember(identification)
        if isNew, let observed = identification.observedAddress {
            self.fan.publish(.observedAddressConfirmed(observed))
            self.pushIdentity()
        }
    }

    private func remember(_ identification: PeerIdentification) {
        self.configuration.peerStore.update(identification.peer) { stored, now in
            stored.key = identification.publicKey.message
            stored.protocols = identification.protocols
            stored.lastSeen = now
            stored.add(identification.addresses, source: .identified, lifetime: .seconds(3600), now: now)
        }
        self.fan.publish(
            .identified(
                identification.peer, agent: identification.agentVersion, protocols: identification.protocols,
                addresses: identification.addresses))
    }
}

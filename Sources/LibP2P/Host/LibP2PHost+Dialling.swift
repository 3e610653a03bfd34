internal import QUIC
internal import Synchronization

extension LibP2PHost {
    /// Connects to a peer at an address that ends in `/p2p/` and its id; without the id, to whoever is there.
    ///
    /// A connection that there is already is used again.
    @discardableResult
    public func connect(to address: Multiaddress) async throws(LibP2PError) -> LibP2PConnection {
        guard let peer = address.peerID else { return try await self.dialUnknown(at: address) }
        return try await self.connect(to: PeerInfo(id: peer, addresses: [address.withoutPeer]))
    }

    /// Connects to a peer at addresses that are known of it.
    @discardableResult
    public func connect(to peer: PeerID) async throws(LibP2PError) -> LibP2PConnection {
        try await self.connect(to: PeerInfo(id: peer, addresses: []))
    }

    /// Connects to a peer, at these addresses or others that are known of it.
    ///
    /// All addresses are tried, the likely ones first and the others a little later; the first that answers wins, and
    /// the other attempts end. Whoever wants the same peer meanwhile waits for the same dial. Cancelling the task ends the
    /// dial if nobody else waits for it.
    @discardableResult
    public func connect(to info: PeerInfo) async throws(LibP2PError) -> LibP2PConnection {
        guard info.id != self.peerID else {
            throw LibP2PError(.noAddress, "\(info.id) is this host itself: there is nobody to dial")
        }
        if !info.addresses.isEmpty {
            self.configuration.peerStore.add(
                info.addresses, of: info.id, source: .given, lifetime: .seconds(3600))
        }
        return try await self.dial(info.id, isForced: !info.addresses.isEmpty)
    }

    /// Opens a stream to a peer for the first of the protocols that it speaks, and dials the peer where it is not connected.
    ///
    ///     let stream = try await host.openStream(to: peer, "/echo/1.0.0")
    public func openStream(to peer: PeerID, _ protocols: ProtocolID...) async throws(LibP2PError) -> LibP2PStream {
        try await self.connect(to: peer).openStream(protocols, isLazy: protocols.count == 1)
    }

    /// Opens a stream for the time of `body`: finished when it returns, reset when it throws.
    ///
    ///     let answer = try await host.withStream(to: peer, "/echo/1.0.0") { stream in
    ///         try await stream.write("hello")
    ///         try await stream.closeWrite()
    ///         return try await stream.readToEnd(limit: 1_000)
    ///     }
    public nonisolated(nonsending) func withStream<R>(
        to peer: PeerID, _ protocols: ProtocolID..., body: (LibP2PStream) async throws -> R
    ) async throws -> R {
        let stream = try await self.connect(to: peer).openStream(protocols, isLazy: protocols.count == 1)
        do {
            let result = try await body(stream)
            await stream.close()
            return result
        } catch {
            stream.reset()
            throw error
        }
    }

    // MARK: One dial for all who want the peer

    func dial(_ peer: PeerID, isForced: Bool) async throws(LibP2PError) -> LibP2PConnection {
        while true {
            let (connection, dial) = try self.change { state throws(LibP2PError) -> (LibP2PConnection?, Dial?) in
                guard state.phase == .running else { throw .notRunning }
                if let best = state.peers[peer]?.best { return (best, nil) }
                if let dial = state.dials[peer], dial.join() { return (nil, dial) }
                if !isForced, let wait = state.backoff.wait(for: peer, now: .now) {
                    throw LibP2PError(
                        .unreachable, "\(peer) could not be reached a moment ago, and is left alone for \(wait) more")
                }
                let dial = Dial()
                guard self.jobs.add({ await self.run(dial, to: peer) }) else { throw .notRunning }
                state.dials[peer] = dial
                return (nil, dial)
            }
            if let connection { return connection }
            if let dial { return try await dial.wait() }
        }
    }

    private func run(_ dial: Dial, to peer: PeerID) async {
        let limit = self.configuration.dialTimeout
        let outcome = await withTaskGroup(of: Result<LibP2PConnection, LibP2PError>?.self) { group in
            group.addTask {
                do throws(LibP2PError) {
                    return .success(
                        try await TimeSource.continuous.limit(limit, for: "the dial of \(peer)") {
                            () async throws(LibP2PError) in try await self.dialAll(of: peer)
                        })
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                await dial.abandoned()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            // What was made at the last moment is in the books, and of use for whoever comes next.
            for await other in group where first == nil { if let other { return other } }
            return first ?? .failure(LibP2PError(.cancelled, "nobody waits for \(peer) any more"))
        }
        var random = SystemRandomNumberGenerator()
        self.state.withLock { state in
            if state.dials[peer] === dial { state.dials[peer] = nil }
            guard case .failure(let error) = outcome else { return }
            state.reconnector.failed(peer, now: .now, random: &random)
            guard error.code != .cancelled else { return }
            state.statistics.dialsFailed &+= 1
            state.backoff.failed(peer, now: .now, random: &random)
        }
        if case .failure(let error) = outcome, error.code != .cancelled {
            self.fan.publish(.dialFailed(peer, reason: error))
        }
        dial.settle(outcome)
    }

    /// Finds the peer's addresses, and tries them.
    private func dialAll(of peer: PeerID) async throws(LibP2PError) -> LibP2PConnection {
        try self.configuration.gate?.mayDial(peer).check("\(peer)")
        let known = self.configuration.peerStore.addresses(of: peer)
        guard !known.isEmpty else {
            throw LibP2PError(.noAddress, "no address of \(peer) is known: give one, as /ip4/…/udp/…/quic-v1")
        }
        return try await self.race(try await self.resolve(known, of: peer), to: peer)
    }

    /// Makes a direct connection, even beside one that there is.
    func dialDirectly(
        _ peer: PeerID, at addresses: [Multiaddress]
    ) async throws(LibP2PError) -> LibP2PConnection {
        let resolved = try await self.resolve(addresses, of: peer).filter { !$0.isRelayed }
        let limit = self.configuration.dialTimeout
        return try await TimeSource.continuous.limit(limit, for: "the dial of \(peer)") {
            () async throws(LibP2PError) in try await self.race(resolved, to: peer)
        }
    }

    private func dialUnknown(at address: Multiaddress) async throws(LibP2PError) -> LibP2PConnection {
        let resolved = try await self.configuration.resolver.resolve(address)
        let limit = self.configuration.dialTimeout
        return try await TimeSource.continuous.limit(limit, for: "the dial of \(address)") {
            () async throws(LibP2PError) in try await self.race(resolved, to: nil)
        }
    }

    private func resolve(
        _ addresses: [Multiaddress], of peer: PeerID
    ) async throws(LibP2PError) -> [Multiaddress] {
        var resolved: [Multiaddress] = []
        var failure: LibP2PError?
        for address in addresses {
            do throws(LibP2PError) {
                // With the peer's id: a name may stand for many peers.
                let full = address.peerID == nil ? address.appending(peer) : address
                resolved += address.reach == .name ? try await self.configuration.resolver.resolve(full) : [address]
            } catch {
                if error.code == .cancelled { throw error }
                failure = error
            }
        }
        if resolved.isEmpty, let failure { throw failure }
        return resolved
    }

    // MARK: Several addresses

    /// Tries addresses side by side, each after its delay or as soon as all before have failed; the first wins.
    private func race(_ addresses: [Multiaddress], to peer: PeerID?) async throws(LibP2PError) -> LibP2PConnection {
        let ranked = DialRanker.rank(self.state.withLock { $0.backoff.ready(addresses, now: .now) })
        guard !ranked.isEmpty else { throw Self.nothingToDial(addresses) }
        return try await DialRace.run(ranked) { address throws(LibP2PError) in
            try await self.attempt(address, peer)
        }
    }

    private static func nothingToDial(_ addresses: [Multiaddress]) -> LibP2PError {
        var reasons: [String] = []
        for address in addresses where !address.isRelayed {
            do throws(LibP2PError) { _ = try address.networkAddress() } catch { reasons.append(error.description) }
        }
        let text = reasons.isEmpty ? "there is no address to dial" : reasons.joined(separator: "; ")
        return LibP2PError(.noAddress, text)
    }

    private func attempt(_ address: Multiaddress, _ peer: PeerID?) async throws(LibP2PError) -> LibP2PConnection {
        if let gate = self.configuration.gate, let peer {
            try gate.mayDial(peer, at: address).check("\(address)")
        }
        if address.isRelayed { return try await self.dialThroughRelay(address, peer) }
        let remote = try address.networkAddress()
        let ticket = try self.change { state throws(LibP2PError) in
            guard state.phase == .running else { throw .notRunning }
            return try state.ledger.reserveConnection(.outbound, with: remote, expecting: peer, now: .now)
        }
        do throws(LibP2PError) {
            return try await self.handshake(with: remote, peer, ticket)
        } catch {
            self.release(ticket)
            var random = SystemRandomNumberGenerator()
            if error.code != .cancelled {
                self.state.withLock { $0.backoff.failed(address, now: .now, random: &random) }
            }
            throw error
        }
    }

    private func handshake(
        with remote: NetworkAddress, _ peer: PeerID?, _ ticket: ResourceLedger.ConnectionTicket
    ) async throws(LibP2PError) -> LibP2PConnection {
        let socket = try await self.socket(for: remote)
        let client = QUICClientConfiguration(
            tls: LibP2PTrust.client(identity: self.identity, expecting: peer), transport: self.configuration.transport)
        let quic: QUICConnection
        do throws(QUICError) {
            quic = try await socket.endpoint.connect(to: remote, client)
        } catch {
            throw LibP2PError(error)
        }
        do throws(LibP2PError) {
            guard !Task.isCancelled else { throw LibP2PError(.cancelled, "another address was faster") }
            guard let found = LibP2PTrust.peer(of: quic.peerCertificate) else {
                throw LibP2PError(.wrongPeer, "the peer has shown no certificate")
            }
            let connection = try self.establish(QUICMuxedConnection(quic), found, .outbound, ticket, quic.path)
            self.jobs.add { await self.serve(connection) }
            return connection
        } catch {
            quic.close(code: error.connectionCode.rawValue, reason: Self.word(for: error))
            throw error
        }
    }
}

internal import QUIC
internal import Synchronization

// Connections through relays, and direct ones made out of them.

extension LibP2PHost {
    /// Registers what the configuration asks for; to be called before the host listens.
    func serveRelaying() throws(LibP2PError) {
        if let server = self.relays.server {
            try self.handle(RelayProtocol.hop) { [weak self] stream in
                guard let self, let connection = stream.connection else { throw LibP2PError.notRunning }
                try await server.serve(stream, over: connection.info, on: self)
            }
        }
        if let client = self.relays.client {
            try self.handle(RelayProtocol.stop) { [weak self] stream in
                guard let self, let connection = stream.connection else { throw LibP2PError.notRunning }
                try await client.serve(stream, over: connection.info) { relayed throws(LibP2PError) in
                    let connection = try self.adopt(relayed)
                    self.jobs.add { await self.punch(connection) }
                }
            }
        }
        if let puncher = self.relays.puncher, self.relays.client != nil {
            try self.handle(HolePuncher.protocolID) { [weak self] stream in
                guard let self, stream.connection?.isRelayed == true else { throw LibP2PError.notRunning }
                if let outcome = await puncher.respond(on: stream, on: self) {
                    self.publish(outcome, with: stream.peer)
                }
            }
        }
    }

    /// Keeps places at relays, and tells the parts of connections that come and go, until the task is cancelled.
    func runRelaying() async {
        await withDiscardingTaskGroup { group in
            for address in self.relays.relays {
                group.addTask { await self.keepPlace(at: address) }
            }
            for await event in self.events() {
                switch event {
                case .connected(let info, _) where !info.isRelayed:
                    self.relays.puncher?.connected(info.peer, at: info.remoteAddress)
                case .disconnected(let info, _, isLast: true):
                    self.relays.server?.forget(info.peer)
                    self.relays.client?.forget(info.peer)
                default: break
                }
            }
            group.cancelAll()
        }
    }

    /// Dials an address that leads through a relay; without a peer in it, `peer`.
    func dialThroughRelay(
        _ address: Multiaddress, _ peer: PeerID?
    ) async throws(LibP2PError) -> LibP2PConnection {
        guard let client = self.relays.client else {
            throw LibP2PError(
                .noAddress, "\(address) leads through a relay, and this host uses none: set relay to .client()")
        }
        guard let (relayAddress, target) = address.relay, let relay = relayAddress.peerID else {
            throw LibP2PError(.noAddress, "\(address) does not say who the relay is: …/p2p/RELAY/p2p-circuit/p2p/PEER")
        }
        try await self.connect(to: PeerInfo(id: relay, addresses: [relayAddress.withoutPeer]))
        let relayed = try await client.dial(.relayed(through: relayAddress, to: target ?? peer), on: self)
        return try self.adopt(relayed)
    }

    /// Takes in a connection through a relay.
    private func adopt(_ relayed: RelayedConnection) throws(LibP2PError) -> LibP2PConnection {
        let info = relayed.info
        do throws(LibP2PError) {
            return try self.adopt(
                relayed.base, relayed.peer, info.direction, local: info.localAddress, remote: info.remoteAddress)
        } catch {
            relayed.base.close(code: error.connectionCode, reason: Self.word(for: error))
            throw error
        }
    }

    private func keepPlace(at address: Multiaddress) async {
        guard let client = self.relays.client, let relay = address.peerID else { return }
        self.configuration.peerStore.add(
            [address.withoutPeer], of: relay, source: .given, lifetime: .seconds(365 * 86_400))
        await client.hold(at: relay, address: address, on: self) { [weak self] error in
            if let error { self?.warn("no place at the relay \(relay): \(error)") }
            self?.pushIdentity()
        }
    }

    // MARK: Direct connections out of relayed ones

    /// Makes a direct connection with the peer of a stream that takes another way, such as a relay of the application's
    /// own. Both ends call it at the same time, one of them as the one that begins: it sends datagrams, the other one dials.
    ///
    ///     let outcome = try await host.punchHole(over: stream, begins: true)
    ///
    /// The stream is used for nothing else, and finished at the end. What is said on it is DCUtR; both hosts must know where
    /// others see them, which peers that they are connected to tell (identify).
    public func punchHole(
        over stream: LibP2PStream, begins: Bool
    ) async throws(LibP2PError) -> HolePunchOutcome {
        guard let puncher = self.relays.puncher else {
            throw LibP2PError(.invalidConfiguration, "this host punches no holes: set holePunching to true")
        }
        if begins { return await puncher.initiate(over: stream, on: self) }
        return await puncher.respond(on: stream, on: self)
            ?? .failed(LibP2PError(.closed, "the peer began to punch on another stream"))
    }

    /// The end that was dialled through the relay begins (DCUtR §Protocol).
    private func punch(_ connection: LibP2PConnection) async {
        guard let puncher = self.relays.puncher else { return }
        let known = self.configuration.peerStore.addresses(of: connection.peer)
        let outcome = await puncher.initiate(with: connection.peer, known: known, on: self) {
            () throws(LibP2PError) in try await connection.openStream([HolePuncher.protocolID], isLazy: true)
        }
        self.publish(outcome, with: connection.peer)
    }

    private func publish(_ outcome: HolePunchOutcome, with peer: PeerID) {
        self.fan.publish(.holePunched(peer, outcome))
    }
}

extension LibP2PHost: RelayNetwork {}

extension LibP2PHost: HolePunchNetwork {
    var punchAddresses: [Multiaddress] {
        (self.configuration.announcedAddresses + self.observedAddresses + self.listenAddresses).map(\.withoutPeer)
            .filter { $0.reach == .global }.uniqued()
    }

    func directAddress(of peer: PeerID) -> Multiaddress? {
        self.connections(to: peer).first { !$0.isRelayed && $0.isOpen }?.remoteAddress
    }

    func connectDirectly(to peer: PeerID, at addresses: [Multiaddress]) async throws(LibP2PError) -> Multiaddress {
        try await self.dialDirectly(peer, at: addresses).remoteAddress
    }

    func sendRaw(_ bytes: [UInt8], to address: Multiaddress) {
        if let target = try? address.networkAddress() { self.sendRaw(bytes, to: target) }
    }
}

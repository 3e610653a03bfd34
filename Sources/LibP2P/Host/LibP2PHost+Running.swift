internal import QUIC
internal import Synchronization

extension LibP2PHost {
    /// Runs the host for the time of `body`: opens its sockets, and when `body` is done, in whatever way, tells all peers and
    /// closes everything. A host runs once.
    @discardableResult
    public nonisolated(nonsending) func run<R>(_ body: (LibP2PHost) async throws -> R) async throws -> R {
        try self.begin()
        try self.serveOwnProtocols()
        try self.serveRelaying()
        let result: Result<R, any Error>
        do {
            result = .success(try await self.whileRunning(body))
        } catch {
            result = .failure(error)
        }
        await self.end()
        return try result.get()
    }

    /// Runs the host until the task is cancelled.
    public func run() async throws {
        try await self.run { _ in
            while true { try await Task.sleep(for: .seconds(86_400)) }
        }
    }

    /// Listens on one more address.
    public func listen(on address: Multiaddress) async throws(LibP2PError) {
        let socket = try await self.open(address)
        self.jobs.add { await self.accept(on: socket) }
        self.announce(socket)
        self.pushIdentity()
    }

    /// Listens no more on an address that was asked for. Connections over it end.
    public func stopListening(on address: Multiaddress) async {
        let sockets = self.state.withLock { state -> [HostSocket] in
            let found = state.sockets.filter { $0.requested == address }
            state.sockets.removeAll { $0.requested == address }
            return found
        }
        for socket in sockets {
            for address in self.expand([socket]) { self.fan.publish(.stoppedListening(address, reason: nil)) }
            await socket.endpoint.shutdown(deadline: .seconds(1))
        }
        self.pushIdentity()
    }

    // MARK: Steps

    private func begin() throws(LibP2PError) {
        try self.change { state throws(LibP2PError) in
            guard state.phase == .idle else {
                throw LibP2PError(.invalidConfiguration, "a host runs once: make another one")
            }
            state.phase = .running
        }
    }

    private nonisolated(nonsending) func whileRunning<R>(
        _ body: (LibP2PHost) async throws -> R
    ) async throws -> R {
        for address in self.configuration.listenAddresses { try await self.listen(on: address) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.jobs.run() }
            group.addTask { await self.keepUp() }
            group.addTask { await self.watchInterfaces() }
            group.addTask { await self.runRelaying() }
            for discovery in self.configuration.discoveries {
                group.addTask { await self.discover(by: discovery(self)) }
            }
            defer { group.cancelAll() }
            let result = try await body(self)
            // Before the tasks that serve the connections end, and the connections with them.
            await self.drain()
            return result
        }
    }

    /// What was written to streams that are finished is delivered, if peers take it in time.
    private func drain() async {
        let connections = self.state.withLock { $0.connections }
        await withDiscardingTaskGroup { group in
            for connection in connections {
                guard let quic = connection.quic, connection.isOpen else { continue }
                group.addTask { await quic.drain(upTo: self.configuration.closingTimeout) }
            }
        }
    }

    private func end() async {
        let (connections, sockets) = self.state.withLock { state in
            state.phase = .stopping
            return (state.connections, state.sockets)
        }
        for connection in connections { connection.close(.shutdown, reason: "the host stops") }
        for socket in sockets {
            for address in self.expand([socket]) where socket.requested != nil {
                self.fan.publish(.stoppedListening(address, reason: nil))
            }
        }
        await withDiscardingTaskGroup { group in
            for socket in sockets { group.addTask { await socket.endpoint.shutdown(deadline: .seconds(1)) } }
        }
        for connection in connections { self.forget(connection, because: await connection.closed()) }
        let dials = self.state.withLock { state in
            state.sockets = []
            state.phase = .stopped
            defer { state.dials = [:] }
            for ticket in state.arrivals.takeAll(before: .now + .seconds(1)) { state.ledger.release(ticket) }
            return state.dials.values.map { $0 }
        }
        for dial in dials { dial.settle(.failure(.notRunning)) }
        self.configuration.peerStore.flush()
        self.fan.finish()
    }

    // MARK: Sockets

    private func open(_ requested: Multiaddress) async throws(LibP2PError) -> HostSocket {
        let target = try requested.listenAddress()
        let endpoint = try await self.bind(to: target)
        let socket = HostSocket(endpoint: endpoint, requested: requested, address: await endpoint.localAddress)
        do throws(QUICError) {
            try endpoint.listen(self.serverConfiguration(for: socket))
            try await self.keep(socket)
        } catch {
            await endpoint.close()
            throw LibP2PError(error)
        }
        return socket
    }

    /// The socket to dial an address from; a new one where none that there is can reach it.
    func socket(for remote: NetworkAddress) async throws(LibP2PError) -> HostSocket {
        if let socket = self.state.withLock({ $0.sockets.best(for: remote) }) { return socket }
        let endpoint = try await self.bind(to: remote.family == .ipv4 ? .anyIPv4() : .any())
        let socket = HostSocket(endpoint: endpoint, requested: nil, address: await endpoint.localAddress)
        // Another dial may have opened one meanwhile: one is enough.
        let other = self.state.withLock { state -> HostSocket? in
            if let other = state.sockets.best(for: remote) { return other }
            if state.phase == .running { state.sockets.append(socket) }
            return nil
        }
        if let other {
            await endpoint.close()
            return other
        }
        return socket
    }

    private func keep(_ socket: HostSocket) async throws(QUICError) {
        self.state.withLock { $0.sockets.append(socket) }
    }

    private func bind(to address: NetworkAddress) async throws(LibP2PError) -> QUICEndpoint {
        var configuration = self.configuration.endpoint
        // Of both families with one port each has a socket of its own.
        configuration.isIPv6Only = address.family == .ipv6
        configuration.limits.connections = self.configuration.limits.connections
        configuration.limits.halfOpen = self.configuration.limits.transientConnections
        do throws(QUICError) {
            if configuration.keys == nil { configuration.keys = try self.endpointKeys() }
            return try await QUICEndpoint.bind(to: address, configuration: configuration)
        } catch {
            throw LibP2PError(error)
        }
    }

    /// They come from the host's key, so that peers are told of lost connections after a restart (RFC 9000 §10.3).
    private func endpointKeys() throws(QUICError) -> EndpointKeys {
        let secret = SHA256.digest(of: Array("tern libp2p endpoint keys".utf8) + self.key.encoded)
        do throws(EngineError) { return try EndpointKeys(secret: secret) } catch { throw QUICError(error) }
    }

    private func announce(_ socket: HostSocket) {
        for address in self.expand([socket]) { self.fan.publish(.listening(address)) }
    }
}

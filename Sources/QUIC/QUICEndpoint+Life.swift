public import QUICEngine
internal import QUICIO

extension QUICEndpoint {
    /// Ends in order: accepts nothing new, tells every connection (``QUICConnectionEvent/shutdownBegan``), waits until they
    /// are over or their finished streams delivered, but no longer than `deadline`, closes what is left, and gives the
    /// port back.
    ///
    /// Returns whether everything was delivered in time.
    @discardableResult
    public func shutdown(deadline: Duration = .seconds(5)) async -> Bool {
        guard self.core.beginShutdown() else {
            await self.close()
            return false
        }
        self.core.setListener(nil)
        self.core.backlog.update { $0.end() }
        for router in self.core.routers { await router.announceShutdown() }
        let isDelivered = await self.drain(upTo: deadline)
        for router in self.core.routers { await router.closeAll() }
        await self.waitForTermination(upTo: .seconds(1))
        await self.close()
        return isDelivered
    }

    /// Ends at once: connections are abandoned without a word, and the port is given back. What the operating system
    /// does when a process dies.
    public func close() async {
        guard self.core.close() else { return }
        self.core.setListener(nil)
        self.core.backlog.update { $0.end() }
        for router in self.core.routers { await router.detach() }
        self.core.backlog.withLock { $0.removeAll() }
        self.core.terminations.update { _ in true }
    }

    /// Hears on another address or port besides its own from now on, and answers from there: what a server needs that
    /// names a ``QUICServerConfiguration/preferredAddress``, or that is known by two ports. Returns the address with the
    /// port that was chosen, where `address` has none.
    ///
    ///     let endpoint = try await QUICEndpoint.listen(on: .any(port: 443), server)
    ///     try await endpoint.addAddress(.any(port: 4433))
    @discardableResult
    public func addAddress(_ address: NetworkAddress) async throws(QUICError) -> NetworkAddress {
        guard !self.core.isShuttingDown, let router = self.core.routers.first else { throw .endpointClosed }
        return try await router.hear(at: address)
    }

    /// Moves to another address or port: everything is sent from there from now on, and clients move with it (RFC 9000
    /// §9). The old port is heard for three seconds more.
    ///
    /// Connections that were accepted can't move: their clients know the server by the old address.
    public func rebind(to address: NetworkAddress) async throws(QUICError) {
        guard self.core.routers.count == 1, let router = self.core.routers.first else {
            throw QUICError(.refused, "an endpoint with several shards can't be bound to another address")
        }
        do throws(SocketError) {
            let socket = try UDPSocket(
                bindingTo: SocketAddress(address), options: UDPSocketOptions(self.core.configuration),
                system: self.core.system)
            await router.rebind(to: socket)
        } catch {
            throw QUICError(.socketFailed, error.description)
        }
    }

    private func drain(upTo deadline: Duration) async -> Bool {
        let routers = self.core.routers
        return await withTaskGroup(of: Bool.self) { group in
            for router in routers {
                for connection in await router.liveConnections() {
                    group.addTask { await connection.drain(upTo: deadline) }
                }
            }
            var isDrained = true
            for await result in group { isDrained = isDrained && result }
            return isDrained
        }
    }

    /// Closing takes three probe timeouts (RFC 9000 §10.2), in which late packets are answered.
    private func waitForTermination(upTo limit: Duration) async {
        let routers = self.core.routers
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    let before = self.core.terminations.withLock { $0 }
                    var count = 0
                    for router in routers { count += await router.connectionCount }
                    guard count > 0 else { return }
                    _ = try? await self.core.terminations.wait { $0 != before ? true : nil }
                }
            }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}

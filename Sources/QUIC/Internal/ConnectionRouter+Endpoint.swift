internal import QUICEngine
internal import QUICIO

// What an endpoint asks of its routers: the door for calls from outside the loop.

extension ConnectionRouter {
    var localAddress: NetworkAddress { NetworkAddress(self.sockets.primary.localAddress) }

    var connectionCount: Int { self.connections.count }

    func liveConnections() -> [QUICConnection] { Array(self.connections) }

    /// Begins a connection from wherever the system would send.
    func dial(_ attempt: QUICEndpoint.Attempt) throws(QUICError) -> QUICConnection {
        try self.dial(attempt, from: self.openPath(from: nil, to: attempt.address).local)
    }

    /// Begins a connection.
    func dial(_ attempt: QUICEndpoint.Attempt, from local: NetworkAddress) throws(QUICError) -> QUICConnection {
        guard self.isOpen else { throw .endpointClosed }
        self.refreshNow()
        guard self.connections.count < self.endpoint.configuration.limits.connections else {
            throw QUICError(
                .limitReached,
                "the endpoint has \(self.connections.count) connections, as many as QUICEndpointLimits.connections allows"
            )
        }
        let client = attempt.client
        let tls = client.tls
        var parameters = ClientAttempt(
            path: NetworkPath(local: local, remote: attempt.address), tls: tls, configuration: client.transport)
        if let qlog = client.qlog { parameters.configuration.diagnostics.qlog = qlog(attempt.address) }
        parameters.generator = self.generator
        parameters.resetSecret = self.endpoint.keys.resetSecret
        parameters.token = attempt.token
        if let version = attempt.version { parameters.version = version }
        parameters.originalVersion = attempt.originalVersion
        var context = ConnectionContext()
        context.makeHandler = client.handler
        context.sessions = client.sessions
        context.tokens = client.tokens
        context.serverKey = attempt.key
        context.keyLog = client.keyLog
        context.log = client.log
        context.attempt = attempt
        do throws(EngineError) {
            let connection = try QUICConnection(dialing: parameters, context, on: self, now: self.now)
            self.adopt(connection)
            _ = self.table.associate(connection, with: attempt.address)
            let sendsEarly = tls.sendsEarlyData && tls.resumption?.allowsEarlyData == true
            connection.assumeIsolated {
                if sendsEarly { $0.prepareEarlyData(isHeld: attempt.isHeld) }
                $0.touch()
            }
            return connection
        } catch {
            throw QUICError(error)
        }
    }

    /// Calls a server again that speaks none of the versions of `connection`'s first packet; nil where we speak none of
    /// its versions, or something else was wrong.
    func redial(_ connection: QUICConnection, after error: QUICError) -> QUICConnection? {
        guard error.code == .versionNegotiation, let offered = error.underlying?.offeredVersions,
            var attempt = connection.context.attempt, attempt.originalVersion == nil
        else { return nil }
        let first = attempt.version ?? .version1
        let known = attempt.client.transport.versions.filter(EngineLibrary.versions.contains)
        guard let next = known.first(where: { $0 != first && offered.contains($0) }) else { return nil }
        attempt.originalVersion = first
        attempt.version = next
        return try? self.dial(attempt, from: connection.localAddress)
    }

    /// The path from `local`, or from wherever the system would send, to `remote`; opens a socket where none covers it.
    func openPath(from local: NetworkAddress?, to remote: NetworkAddress) throws(QUICError) -> NetworkPath {
        guard self.isOpen else { throw .endpointClosed }
        self.refreshNow()
        let bound = NetworkAddress(self.sockets.primary.localAddress)
        guard var local else {
            return NetworkPath(local: try self.sourceAddress(toward: remote, bound), remote: remote)
        }
        if local.port == 0, self.sockets.covers(local) != nil { local = local.withPort(bound.port) }
        if self.sockets.covers(local) == nil {
            do throws(SocketError) {
                let socket = try UDPSocket(
                    bindingTo: SocketAddress(local), options: UDPSocketOptions(self.endpoint.configuration),
                    system: self.endpoint.system)
                self.sockets.add(socket, now: self.now)
                local = NetworkAddress(socket.localAddress)
            } catch {
                throw QUICError(.socketFailed, error.description)
            }
        }
        return NetworkPath(local: local, remote: remote)
    }

    /// RFC 9000 §9: a path has two ends, so ours has to be known before the first packet is sent.
    private func sourceAddress(
        toward remote: NetworkAddress, _ bound: NetworkAddress
    ) throws(QUICError) -> NetworkAddress {
        let socket = self.sockets.primary
        if remote.family == .ipv4, bound.family == .ipv6, !socket.capabilities.isDualStack {
            throw QUICError(.refused, "\(remote) is an IPv4 address and the endpoint is bound to IPv6 only")
        }
        if remote.family == .ipv6, bound.family == .ipv4 {
            throw QUICError(.refused, "\(remote) is an IPv6 address and the endpoint is bound to IPv4: bind to .any()")
        }
        guard socket.localAddress.isWildcard else { return bound }
        // Outside a turn the router's time is that of the last one.
        self.refreshNow()
        if let route = self.latestRoute, route.remote == remote, self.now < route.expiry {
            return route.source.withPort(bound.port)
        }
        do throws(Errno) {
            let source = NetworkAddress(try UDPSocket.sourceAddress(toward: SocketAddress(remote)))
            self.latestRoute = Route(remote: remote, source: source, expiry: self.now.advanced(by: .milliseconds(10)))
            return source.withPort(bound.port)
        } catch {
            throw QUICError(.socketFailed, SocketError(routeTo: SocketAddress(remote), error).description)
        }
    }

    /// Where the kernel said a moment ago that it would send from: connections often begin in crowds.
    struct Route {
        let remote: NetworkAddress
        let source: NetworkAddress
        let expiry: EngineInstant
    }

    /// Opens another socket, which stays. Returns the address with the port that was chosen.
    func hear(at address: NetworkAddress) throws(QUICError) -> NetworkAddress {
        guard self.isOpen else { throw .endpointClosed }
        do throws(SocketError) {
            let socket = try UDPSocket(
                bindingTo: SocketAddress(address), options: UDPSocketOptions(self.endpoint.configuration),
                system: self.endpoint.system)
            self.sockets.addForGood(socket)
            return NetworkAddress(socket.localAddress)
        } catch {
            throw QUICError(.socketFailed, error.description)
        }
    }

    /// Takes another socket into use; clients move to it.
    func rebind(to socket: UDPSocket) {
        guard self.isOpen else { return socket.close() }
        self.refreshNow()
        self.latestRoute = nil
        self.sockets.replacePrimary(with: socket, now: self.now)
        let now = self.now
        for connection in self.connections where !connection.isServer {
            guard let path = try? self.openPath(from: nil, to: connection.remoteAddress) else { continue }
            connection.assumeIsolated { $0.follow(to: path, now: now) }
        }
        self.loop.signal(self)
    }

    func announceShutdown() {
        for connection in self.connections {
            connection.assumeIsolated {
                $0.announceShutdown()
                $0.touch()
            }
        }
    }

    func closeAll() { for connection in self.connections { connection.close(reason: "the endpoint shuts down") } }
}

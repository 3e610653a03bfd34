public import QUICEngine
internal import QUICIO

extension QUICEndpoint {
    /// Connects to a host by name, and returns once the handshake is complete.
    ///
    /// All its addresses are tried, of both families in turn, each a little after the one before (RFC 8305). The first
    /// that completes a handshake wins; the other attempts end. Cancelling the task ends them all.
    public func connect(
        to host: String, port: UInt16, _ client: QUICClientConfiguration
    ) async throws(QUICError) -> QUICConnection {
        let addresses = try await NetworkAddress.resolve(host, port: port)
        let candidates = Self.interleaved(addresses).prefix(max(client.attemptLimit, 1))
        let attempts = candidates.map { Attempt(address: $0, host: host, port: port, client: client) }
        return try await HappyEyeballs.race(attempts, delay: client.attemptDelay) { attempt throws(QUICError) in
            let connection = try await self.dial(attempt)
            return try await Self.completed(connection)
        }
    }

    /// Connects to one address, and returns once the handshake is complete.
    ///
    /// Where TLS is to check a name, set ``TLSClientConfiguration/serverName``; otherwise the address is checked.
    public func connect(to address: NetworkAddress, _ client: QUICClientConfiguration) async throws(QUICError)
        -> QUICConnection
    {
        let connection = try await self.begin(to: address, client)
        return try await Self.completed(connection)
    }

    /// Connects to one address, and returns at once: streams can be opened before the handshake is complete where a
    /// ticket of an earlier connection allows it (0-RTT); otherwise opening the first one waits.
    ///
    /// - Warning: An attacker can copy what is sent as 0-RTT data, and send it again. Send only what may happen twice.
    public func begin(to address: NetworkAddress, _ client: QUICClientConfiguration) async throws(QUICError)
        -> QUICConnection
    {
        try await self.dial(Attempt(address: address, host: address.host, port: address.port, client: client))
    }

    /// Connects to one address, and lets `body` write what is to go out with the very first packets (0-RTT). Nothing is
    /// sent until `body` has returned, so it must not wait for an answer. Where no ticket allows 0-RTT, the handshake
    /// begins at once, and what `body` writes follows it.
    ///
    ///     let connection = try await endpoint.begin(to: address, client) { connection in
    ///         let stream = try await connection.openStream()
    ///         try await stream.write(request)
    ///         try stream.finish()
    ///     }
    ///
    /// - Warning: An attacker can copy what is sent as 0-RTT data, and send it again. Send only what may happen twice.
    nonisolated(nonsending) public func begin(
        to address: NetworkAddress, _ client: QUICClientConfiguration,
        sendingFirst body: (QUICConnection) async throws -> Void
    ) async throws -> QUICConnection {
        var attempt = Attempt(address: address, host: address.host, port: address.port, client: client)
        attempt.isHeld = true
        let connection = try await self.dial(attempt)
        do {
            try await body(connection)
        } catch {
            connection.close()
            await connection.release()
            throw error
        }
        await connection.release()
        return connection
    }

    /// Connects for the time of `body`: when it returns, what was written is delivered and the connection closed with
    /// code 0; when it throws, the connection is closed with `errorCode`.
    public nonisolated(nonsending) func withConnection<R>(
        to host: String, port: UInt16, _ client: QUICClientConfiguration, errorCode: UInt64 = 1,
        _ body: (QUICConnection) async throws -> R
    ) async throws -> R {
        let connection = try await self.connect(to: host, port: port, client)
        return try await Self.scope(connection, errorCode: errorCode, body)
    }

    /// One address that is tried.
    struct Attempt: Sendable {
        var address: NetworkAddress
        var host: String
        var port: UInt16
        var client: QUICClientConfiguration
        var version: QUICVersion?
        var originalVersion: QUICVersion?
        /// Nothing is sent before the caller says so, provided that something can be sent as 0-RTT data.
        var isHeld = false
        /// What earlier connections to the server left.
        var token: [UInt8] = []

        /// What the server's tickets and tokens are kept under.
        var key: ServerKey {
            ServerKey(
                host: self.client.tls.serverName, port: self.port,
                applicationProtocol: self.client.tls.protocols.first ?? "")
        }

        /// Names the server, and takes what is kept for it. Stores may wait for a disk: not on the loop.
        func prepared() -> Attempt {
            var attempt = self
            if attempt.client.tls.serverName.isEmpty { attempt.client.tls.serverName = attempt.host }
            let key = attempt.key
            if attempt.client.tls.resumption == nil {
                attempt.client.tls.resumption = attempt.client.sessions?.takeTicket(for: key)
            }
            attempt.token = attempt.client.tokens?.takeToken(for: key) ?? []
            return attempt
        }
    }

    private func dial(_ attempt: Attempt) async throws(QUICError) -> QUICConnection {
        let router = try self.core.nextRouter()
        // What is kept is for one use: it is not taken before there is a way to the server.
        if attempt.client.sessions != nil || attempt.client.tokens != nil {
            _ = try await router.openPath(from: nil, to: attempt.address)
        }
        return try await router.dial(attempt.prepared())
    }

    /// Waits for the handshake. A server that speaks other versions is called again in one of those.
    private static func completed(_ connection: QUICConnection) async throws(QUICError) -> QUICConnection {
        do throws(QUICError) {
            try await connection.handshake()
            return connection
        } catch {
            if error.code == .cancelled { connection.close() }
            guard let next = await connection.router.redial(connection, after: error) else { throw error }
            return try await Self.completed(next)
        }
    }

    /// IPv6 and IPv4 in turn, in the order that the system prefers within each (RFC 8305 §4).
    static func interleaved(_ addresses: [NetworkAddress]) -> [NetworkAddress] {
        var seen: Set<NetworkAddress> = []
        let unique = addresses.filter { seen.insert($0).inserted }
        guard let first = unique.first else { return [] }
        let preferred = unique.filter { $0.family == first.family }
        let others = unique.filter { $0.family != first.family }
        var result: [NetworkAddress] = []
        for index in 0..<max(preferred.count, others.count) {
            if index < preferred.count { result.append(preferred[index]) }
            if index < others.count { result.append(others[index]) }
        }
        return result
    }
}

extension NetworkAddress {
    /// The address without the port.
    public var host: String { SocketAddress(self).host }
}

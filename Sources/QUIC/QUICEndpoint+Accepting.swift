public import QUICEngine

extension QUICEndpoint {
    /// Begins to accept connections, or goes on with another configuration: connections that live keep theirs.
    public func listen(_ server: QUICServerConfiguration) throws(QUICError) {
        guard !server.tls.protocols.isEmpty else {
            throw QUICError(
                .invalidConfiguration, "a server needs at least one application protocol (ALPN), such as \"echo\"")
        }
        guard !self.core.isShuttingDown else { throw .endpointClosed }
        self.core.setListener(server)
    }

    /// Accepts no more connections; those that live go on.
    public func stopListening() { self.core.setListener(nil) }

    /// Waits for the next connection whose handshake is complete; nil once the endpoint is shut down.
    public func accept() async throws(QUICError) -> QUICConnection? { try await self.core.backlog.wait { $0.take() } }

    /// The connections that arrive. Ends when the endpoint is shut down. Those that nobody takes wait, up to
    /// ``QUICEndpointLimits/acceptBacklog``; beyond that clients are refused.
    public var incoming: IncomingConnections { IncomingConnections(endpoint: self) }

    /// The sequence behind ``QUICEndpoint/incoming``; several iterators share the connections between them.
    public struct IncomingConnections: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let endpoint: QUICEndpoint

        /// The next connection.
        public func next() async throws(QUICError) -> QUICConnection? { try await self.endpoint.accept() }

        /// The next connection.
        public func next(isolation actor: isolated (any Actor)?) async throws(QUICError) -> QUICConnection? {
            try await self.next()
        }

        /// Itself.
        public func makeAsyncIterator() -> IncomingConnections { self }
    }

    /// Runs `handler` for every connection that arrives, each in a task of its own, until the endpoint is shut down.
    ///
    /// When a handler returns, what it wrote is delivered and the connection closed; when it throws, the connection is
    /// closed with `errorCode` and the others go on. Cancelling the task that serves closes them all.
    public func serve(
        errorCode: UInt64 = 1, _ handler: @escaping @Sendable (QUICConnection) async throws -> Void
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while let connection = try await self.accept() {
                group.addTask { try? await Self.scope(connection, errorCode: errorCode, handler) }
            }
        }
    }

    /// Hands over datagrams that are not QUIC (RFC 9443): STUN answers, hole punching. Called on the event loop, so it must
    /// not block. nil: they are dropped.
    public func onRawDatagram(_ handler: (@Sendable ([UInt8], NetworkAddress) -> Void)?) {
        self.core.setRawHandler(handler)
    }

    /// Sends a datagram that is not QUIC from the endpoint's port. Returns false where too many wait.
    ///
    /// Its first byte should be below 64, or the receiver takes it for QUIC.
    @discardableResult
    public func sendRaw(_ bytes: [UInt8], to address: NetworkAddress) -> Bool {
        guard let router = self.core.routers.first, !bytes.isEmpty, bytes.count <= 65_507 else { return false }
        return router.signal(.raw(bytes, address))
    }

    nonisolated(nonsending) static func scope<R>(
        _ connection: QUICConnection, errorCode: UInt64, _ body: (QUICConnection) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(connection)
            await connection.drain(upTo: .seconds(5))
            connection.close()
            return result
        } catch {
            connection.close(code: errorCode)
            throw error
        }
    }
}

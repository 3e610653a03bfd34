public import QUICEngine

/// Something about a connection that most applications need not know. More may come, so a switch needs a default.
public enum QUICConnectionEvent: Sendable, Equatable {
    /// Packets now leave on this path: the client moved, or its address was translated anew.
    case pathChanged(NetworkPath)
    /// A path was checked by challenge and response, with this result.
    case pathValidated(NetworkPath, succeeded: Bool)
    /// Packet protection moved on to new keys.
    case keysUpdated
    /// The packet with a datagram of ours was received; the number is the datagram's, counted from 0.
    case datagramAcknowledged(UInt64)
    /// The packet with a datagram of ours was probably lost.
    case datagramLost(UInt64)
    /// The server gave a ticket: a later connection can resume this session.
    case ticketReceived(allowsEarlyData: Bool)
    /// The endpoint shuts down: finish what you do and open nothing new.
    case shutdownBegan
}

extension QUICConnection {
    /// What happens to the connection, for whoever wants to know: the latest 64 are kept until they are read. Ends with
    /// the connection.
    public nonisolated var events: Events { Events(connection: self) }

    /// The sequence behind ``QUICConnection/events``; several iterators share the events between them.
    public struct Events: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let connection: QUICConnection

        /// The next event; nil once the connection is over.
        public nonisolated(nonsending) func next() async throws(QUICError) -> QUICConnectionEvent? {
            try await self.connection.eventBox.wait { $0.take() }
        }

        /// The next event; nil once the connection is over.
        public func next(isolation actor: isolated (any Actor)?) async throws(QUICError) -> QUICConnectionEvent? {
            try await self.next()
        }

        /// Itself.
        public func makeAsyncIterator() -> Events { self }
    }
}

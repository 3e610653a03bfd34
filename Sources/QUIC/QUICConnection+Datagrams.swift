internal import QUICEngine

extension QUICConnection {
    /// What came of a datagram that was offered.
    public enum DatagramOffer: Hashable, Sendable {
        /// It will be sent.
        case queued
        /// Too many wait already: it was dropped.
        case full
        /// It does not fit a packet now: ``QUICConnection/maximumDatagramSize`` says what does.
        case tooLarge
    }

    /// The largest datagram that can be sent now (RFC 9221); 0 where the peer accepts none, or has not said so yet. It
    /// grows when the path turns out to carry more.
    public nonisolated var maximumDatagramSize: Int { self.datagramBox.withLock { $0.maximumSize } }

    /// Sends a datagram, and waits while too many are queued. It may be lost; it is never repeated.
    public nonisolated(nonsending) func sendDatagram(_ bytes: [UInt8]) async throws(QUICError) {
        while true {
            switch self.datagramBox.withLock({ $0.send(bytes) }) {
            case .queued(let needsSignal):
                if needsSignal { self.router.signal(.connection(self)) }
                return
            case .refused(let error): throw error
            case .full: _ = try await self.datagramBox.wait { $0.hasRoom ? true : nil }
            }
        }
    }

    /// Sends a datagram if there is room for it.
    public nonisolated func trySendDatagram(_ bytes: [UInt8]) throws(QUICError) -> DatagramOffer {
        let (offer, limit) = self.datagramBox.withLock { ($0.send(bytes), $0.maximumSize) }
        switch offer {
        case .queued(let needsSignal):
            if needsSignal { self.router.signal(.connection(self)) }
            return .queued
        case .full: return .full
        case .refused(let error):
            if limit > 0, bytes.count > limit { return .tooLarge }
            throw error
        }
    }

    /// Waits for the next datagram of the peer. Those that nobody reads are dropped, the oldest first, and counted in
    /// ``ConnectionStatistics/datagramFramesDropped``.
    public nonisolated(nonsending) func receiveDatagram() async throws(QUICError) -> [UInt8] {
        try await self.datagramBox.wait { $0.receive() }.get()
    }

    /// The peer's datagrams. Ends as ``incomingStreams`` does.
    public nonisolated var datagrams: Datagrams { Datagrams(connection: self) }

    /// The sequence behind ``QUICConnection/datagrams``.
    public struct Datagrams: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let connection: QUICConnection

        /// The next datagram.
        public nonisolated(nonsending) func next() async throws(QUICError) -> [UInt8]? {
            do throws(QUICError) {
                return try await self.connection.receiveDatagram()
            } catch {
                if error.isOrderlyClose { return nil }
                throw error
            }
        }

        /// The next datagram.
        public func next(isolation actor: isolated (any Actor)?) async throws(QUICError) -> [UInt8]? {
            try await self.next()
        }

        /// Itself.
        public func makeAsyncIterator() -> Datagrams { self }
    }
}

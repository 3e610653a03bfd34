/// The place of one stream among those that are allowed: given back when the stream goes.
final class StreamLease: Sendable {
    private let ticket: ResourceLedger.StreamTicket
    private let connection: UInt64
    private let peer: PeerID
    private weak let host: LibP2PHost?

    init(_ ticket: ResourceLedger.StreamTicket, on connection: LibP2PConnection, of host: LibP2PHost) {
        self.ticket = ticket
        self.connection = connection.number
        self.peer = connection.peer
        self.host = host
    }

    deinit { self.host?.release(self.ticket, on: self.connection, with: self.peer) }

    /// The stream is for this protocol; throws where there are too many of those.
    func assign(to protocolID: ProtocolID) throws(LibP2PError) {
        guard let host = self.host else { throw .notRunning }
        try host.assign(self.ticket, to: protocolID)
    }

    /// Room for a message.
    func reserveMemory(_ count: Int, for connection: LibP2PConnection) throws(LibP2PError) -> MemoryLease? {
        try self.host?.reserveMemory(count, for: connection)
    }

    /// Ends a stream that nobody reads any more, and whose own direction is finished: the peer has a moment to finish too,
    /// before it is told to stop. Peers take STOP_SENDING for a failure (py-libp2p 0.8 then drops what it has not read).
    func leave(_ base: any DuplexStream) {
        guard let host = self.host else { return base.stopReading(code: .none) }
        host.jobs.add {
            try? await TimeSource.continuous.limit(.seconds(5), for: "the end of a stream") {
                () async throws(LibP2PError) in
                var room = 65_536
                while room > 0, let bytes = try await base.read(maximum: room) { room -= bytes.count }
            }
            base.stopReading(code: .none)
            // The place is taken until then.
            withExtendedLifetime(self) {}
        }
    }
}

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
}

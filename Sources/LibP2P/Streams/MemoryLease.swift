/// Room for a message that is being read: given back when it is.
final class MemoryLease: Sendable {
    private let ticket: ResourceLedger.MemoryTicket
    private weak let host: LibP2PHost?

    init(_ ticket: ResourceLedger.MemoryTicket, of host: LibP2PHost) {
        self.ticket = ticket
        self.host = host
    }

    deinit { self.host?.release(self.ticket) }
}

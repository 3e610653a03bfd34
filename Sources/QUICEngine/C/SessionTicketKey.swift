internal import CNGTCP2

/// The master key of session tickets. GnuTLS derives the keys it uses from it, and changes them by itself.
///
/// Servers with the same sixty-four bytes resume each other's sessions; a new key makes all older tickets useless.
public struct SessionTicketKey: Hashable, Sendable {
    /// The sixty-four bytes. Whoever has them can read every resumed session.
    public let bytes: [UInt8]

    /// Makes a new key.
    public init() throws(EngineError) {
        self.bytes = unsafe try takingDatum("making a ticket key") { unsafe gnutls_session_ticket_key_generate($0) }
    }

    /// Uses stored bytes, or returns nil if there are not sixty-four.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 64 else { return nil }
        self.bytes = bytes
    }

    /// The key for servers of these protocols: a ticket of one application is of no use in another.
    func bound(to protocols: [String]) -> SessionTicketKey {
        let names = protocols.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
        let halves = [UInt8(0), 1].flatMap { sha256(self.bytes + [$0] + names) }
        return SessionTicketKey(bytes: halves) ?? self
    }
}

internal import CNGTCP2

/// The master key of session tickets. GnuTLS derives the keys it uses from it, and changes them by itself.
///
/// Servers with the same sixty-four bytes resume each other's sessions where the application protocol and the limits that
/// a client remembers (windows, streams, connection IDs, datagrams) are the same, too; a new key makes all older tickets
/// useless.
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

    /// The key for this protocol and these limits: a ticket of one application is of no use in another, and a client
    /// that relied on larger limits than ours would have to close the connection (RFC 9000 §7.4.1).
    func bound(to applicationProtocol: String, limits: [UInt64]) -> SessionTicketKey {
        let name = Array(applicationProtocol.utf8)
        var text = [UInt8(truncatingIfNeeded: name.count)] + name
        for limit in limits { text += (0..<8).map { UInt8(truncatingIfNeeded: limit >> ($0 * 8)) } }
        let halves = [UInt8(0), 1].flatMap { sha256(self.bytes + [$0] + text) }
        return SessionTicketKey(bytes: halves) ?? self
    }
}

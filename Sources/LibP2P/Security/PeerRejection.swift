public import QUICEngine

/// Why what a peer showed is not accepted.
public struct PeerRejection: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the peer is told; on the wire it is the error code 0x100 and this (RFC 9001 §4.8).
    public let alert: TLSAlert
    /// What people are told.
    public let reason: String

    /// The reason with the alert.
    public var description: String { "\(self.reason) (\(self.alert))" }

    init(_ alert: TLSAlert, _ reason: String) {
        self.alert = alert
        self.reason = reason
    }
}

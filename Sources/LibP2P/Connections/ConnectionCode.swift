/// The codes that libp2p closes connections with: the application codes of CONNECTION_CLOSE frames.
///
///     connection.close(.garbageCollected)
///
/// Every number may come from a peer, and every one is valid; those without a name have a number only.
public struct ConnectionCode: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// The number that goes over the wire.
    public let rawValue: UInt64

    /// Takes a number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No complaint.
    public static let none = ConnectionCode(rawValue: 0)
    /// No protocol in common.
    public static let protocolNegotiationFailed = ConnectionCode(rawValue: 0x1000)
    /// A limit is reached.
    public static let resourceLimitExceeded = ConnectionCode(rawValue: 0x1001)
    /// Too many in too short a time.
    public static let rateLimited = ConnectionCode(rawValue: 0x1002)
    /// The rules of a protocol were broken.
    public static let protocolViolation = ConnectionCode(rawValue: 0x1003)
    /// Another connection to the same peer takes its place.
    public static let supplanted = ConnectionCode(rawValue: 0x1004)
    /// The host has more connections than it wants to keep.
    public static let garbageCollected = ConnectionCode(rawValue: 0x1005)
    /// The host shuts down.
    public static let shutdown = ConnectionCode(rawValue: 0x1006)
    /// A gate of the application said no.
    public static let gated = ConnectionCode(rawValue: 0x1007)
    /// The code that the application chose does not fit the wire.
    public static let codeOutOfRange = ConnectionCode(rawValue: 0x1008)

    /// The name, or the number where there is none.
    public var description: String { Self.names[self.rawValue] ?? "code 0x\(String(self.rawValue, radix: 16))" }

    private static let names: [UInt64: String] = [
        0: "no error", 0x1000: "protocol negotiation failed", 0x1001: "resource limit exceeded",
        0x1002: "rate limited", 0x1003: "protocol violation", 0x1004: "supplanted", 0x1005: "garbage collected",
        0x1006: "shutdown", 0x1007: "gated", 0x1008: "code out of range",
    ]
}

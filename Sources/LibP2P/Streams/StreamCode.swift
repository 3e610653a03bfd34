/// The codes that libp2p gives streams up with: those of RESET_STREAM and STOP_SENDING frames.
///
///     stream.reset(.protocolViolation)
///
/// The table is not that of ``ConnectionCode``: the numbers differ by one. Every number may come from a peer.
public struct StreamCode: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// The number that goes over the wire.
    public let rawValue: UInt64

    /// Takes a number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No complaint.
    public static let none = StreamCode(rawValue: 0)
    /// No protocol in common.
    public static let protocolNegotiationFailed = StreamCode(rawValue: 0x1001)
    /// A limit is reached.
    public static let resourceLimitExceeded = StreamCode(rawValue: 0x1002)
    /// Too many in too short a time.
    public static let rateLimited = StreamCode(rawValue: 0x1003)
    /// The rules of a protocol were broken.
    public static let protocolViolation = StreamCode(rawValue: 0x1004)
    /// Another stream takes its place.
    public static let supplanted = StreamCode(rawValue: 0x1005)
    /// Nobody used it for long.
    public static let garbageCollected = StreamCode(rawValue: 0x1006)
    /// The host shuts down.
    public static let shutdown = StreamCode(rawValue: 0x1007)
    /// A gate of the application said no.
    public static let gated = StreamCode(rawValue: 0x1008)
    /// The code that the application chose does not fit the wire.
    public static let codeOutOfRange = StreamCode(rawValue: 0x1009)

    /// The name, or the number where there is none.
    public var description: String { Self.names[self.rawValue] ?? "code 0x\(String(self.rawValue, radix: 16))" }

    private static let names: [UInt64: String] = [
        0: "no error", 0x1001: "protocol negotiation failed", 0x1002: "resource limit exceeded",
        0x1003: "rate limited", 0x1004: "protocol violation", 0x1005: "supplanted", 0x1006: "garbage collected",
        0x1007: "shutdown", 0x1008: "gated", 0x1009: "code out of range",
    ]
}

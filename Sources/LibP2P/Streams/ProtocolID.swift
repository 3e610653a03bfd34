/// The name that a protocol has on the wire, such as `/ipfs/ping/1.0.0`.
///
///     let echo: ProtocolID = "/echo/1.0.0"
///
/// Any text will do that is not empty, has no line feed and at most ``maximumByteCount`` bytes; what is not is refused
/// where it is used.
public struct ProtocolID: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The longest name that is sent: with its length and line feed it makes a message of 1,024 bytes.
    public static let maximumByteCount = 1_021

    /// The name.
    public let description: String

    /// Takes a name.
    public init(_ name: String) { self.description = name }

    /// Takes a name.
    public init(stringLiteral name: String) { self.description = name }

    /// Whether the name can be sent.
    var isValid: Bool {
        let bytes = self.description.utf8
        return !bytes.isEmpty && bytes.count <= Self.maximumByteCount && !bytes.contains(UInt8(ascii: "\n"))
    }

    /// The error for a name that is not valid.
    var invalidError: LibP2PError {
        let count = self.description.utf8.count
        return LibP2PError(
            .invalidConfiguration,
            "a protocol's name has 1 to \(Self.maximumByteCount) bytes and no line feed; this one has \(count) bytes")
    }
}

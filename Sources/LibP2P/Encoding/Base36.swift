/// Digits and lower-case letters (multibase `k`): ids that fit a DNS label.
enum Base36 {
    private static let base = PositionalBase(name: "base36", alphabet: "0123456789abcdefghijklmnopqrstuvwxyz")

    /// Reads text of at most 128 characters.
    static func decode(_ text: Substring) throws(LibP2PError) -> [UInt8] { try self.base.decode(text) }
}

/// The alphabet of Bitcoin addresses (multibase `z`): no `0`, `O`, `I` or `l`, which people mix up.
enum Base58 {
    private static let base = PositionalBase(
        name: "base58btc", alphabet: "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")

    /// Writes `bytes`; meant for ids and other short strings.
    static func encode(_ bytes: some Collection<UInt8>) -> String { self.base.encode(bytes) }

    /// Reads text of at most 128 characters.
    static func decode(_ text: Substring) throws(LibP2PError) -> [UInt8] { try self.base.decode(text) }
}

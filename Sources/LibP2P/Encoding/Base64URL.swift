/// Base64 with `-` and `_` and without padding (RFC 4648 §5; multibase `u`).
enum Base64URL {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Writes `bytes`.
    static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for byte in bytes {
            bits = (bits << 8 | UInt32(byte)) & 0xFFFF
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(self.digits[Int(bits >> bitCount & 63)])
            }
        }
        if bitCount > 0 { text.append(self.digits[Int(bits << (6 - bitCount) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads text, and only the one form that an encoder writes.
    static func decode(_ text: Substring) throws(LibP2PError) -> [UInt8] {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for (index, character) in text.utf8.enumerated() {
            guard let value = self.value(of: character) else {
                throw .invalidCharacter(in: text, at: index, base: "base64url")
            }
            bits = (bits << 6 | value) & 0x3FFF
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        guard bitCount < 6 else {
            throw LibP2PError(.truncated, "no base64url text has \(text.utf8.count) characters")
        }
        guard bits & (1 << bitCount - 1) == 0 else {
            throw LibP2PError(.notMinimal, "the last character of the base64url text has bits that belong to no byte")
        }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}

/// Base32 in lower case and without padding (RFC 4648 §6; multibase `b`).
enum Base32 {
    /// Reads text of at most 128 characters, and only the one form that an encoder writes.
    static func decode(_ text: Substring) throws(LibP2PError) -> [UInt8] {
        guard text.utf8.count <= PositionalBase.maximumCharacterCount else {
            throw LibP2PError(.tooLong, "more than \(PositionalBase.maximumCharacterCount) characters of base32")
        }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for (index, character) in text.utf8.enumerated() {
            guard let value = self.value(of: character) else {
                throw .invalidCharacter(in: text, at: index, base: "base32")
            }
            bits = (bits << 5 | value) & 0xFFF
            bitCount += 5
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        guard bitCount < 5 else {
            throw LibP2PError(.truncated, "no base32 text has \(text.utf8.count) characters")
        }
        guard bits & (1 << bitCount - 1) == 0 else {
            throw LibP2PError(.notMinimal, "the last character of the base32 text has bits that belong to no byte")
        }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a"))
        case UInt8(ascii: "2")...UInt8(ascii: "7"): UInt32(character - UInt8(ascii: "2")) + 26
        default: nil
        }
    }
}

/// Text into JSON and out of it.
enum JSONString {
    /// The text that checked bytes between quotes stand for, shortened to `limit` characters.
    static func text(_ bytes: ArraySlice<UInt8>, limit: Int) -> String {
        guard bytes.contains(UInt8(ascii: "\\")) else {
            return self.shortened(String(decoding: bytes, as: UTF8.self), limit)
        }
        var units: [UInt16] = []
        var plain: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex, units.count <= limit * 4 {
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.endIndex else {
                plain.append(bytes[index])
                index += 1
                continue
            }
            units += String(decoding: plain, as: UTF8.self).utf16
            plain = []
            let letter = bytes[index + 1]
            index += 2
            switch letter {
            case UInt8(ascii: "n"): units.append(10)
            case UInt8(ascii: "t"): units.append(9)
            case UInt8(ascii: "r"): units.append(13)
            case UInt8(ascii: "b"): units.append(8)
            case UInt8(ascii: "f"): units.append(12)
            case UInt8(ascii: "u"):
                let digits = bytes[index..<min(index + 4, bytes.endIndex)]
                units.append(UInt16(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0xfffd)
                index = min(index + 4, bytes.endIndex)
            default: units.append(UInt16(letter))
            }
        }
        units += String(decoding: plain, as: UTF8.self).utf16
        return self.shortened(String(decoding: units, as: UTF16.self), limit)
    }

    private static func shortened(_ text: String, _ limit: Int) -> String {
        let scalars = text.unicodeScalars
        return scalars.count <= limit ? text : String(String.UnicodeScalarView(scalars.prefix(limit))) + "…"
    }

    /// The text in quotes. Nothing in it can end a script element, start a comment, or end a line of a script:
    /// everything but plain letters, digits and marks is escaped.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22, 0x5c, 0x3c, 0x3e, 0x26, 0x27, 0x60, 0x2f, ..<0x20, 0x7f...:
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(UnicodeScalar(UInt8(truncatingIfNeeded: unit)))
            }
        }
        return result + "\""
    }
}

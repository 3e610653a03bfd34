/// Text in which `%2F` stands for a slash (RFC 3986 §2.1): everything but unreserved characters is written so.
enum PercentCoding {
    /// Writes `bytes`.
    static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            if self.isUnreserved(byte) {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads text; a character that needs no code may have one, and the other way round.
    static func decode(_ text: String) throws(LibP2PError) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = self.value(of: rest.popFirst()), let low = self.value(of: rest.popFirst()) else {
                throw LibP2PError(.malformed, "a % is followed by two hexadecimal digits")
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// RFC 3986 §2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func value(of digit: UInt8?) -> UInt8? {
        switch digit {
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): digit.map { $0 - UInt8(ascii: "0") }
        case .some(UInt8(ascii: "A")...UInt8(ascii: "F")): digit.map { $0 - UInt8(ascii: "A") + 10 }
        case .some(UInt8(ascii: "a")...UInt8(ascii: "f")): digit.map { $0 - UInt8(ascii: "a") + 10 }
        default: nil
        }
    }
}

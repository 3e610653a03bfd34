/// Encoders that are slow and obvious, to compare with the ones under test.
enum ReferenceText {
    static let base58 = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
    static let base36 = Array("0123456789abcdefghijklmnopqrstuvwxyz")
    static let base32 = Array("abcdefghijklmnopqrstuvwxyz234567")

    /// Divides the bytes, seen as one number, by the base until nothing is left.
    static func positional(_ bytes: [UInt8], alphabet: [Character]) -> String {
        var number = Array(bytes.drop { $0 == 0 })
        var text = ""
        while !number.isEmpty {
            var remainder = 0
            var quotient: [UInt8] = []
            for byte in number {
                remainder = remainder * 256 + Int(byte)
                if !quotient.isEmpty || remainder >= alphabet.count {
                    quotient.append(UInt8(remainder / alphabet.count))
                }
                remainder %= alphabet.count
            }
            text = String(alphabet[remainder]) + text
            number = quotient
        }
        return String(repeating: alphabet[0], count: bytes.prefix { $0 == 0 }.count) + text
    }

    /// Cuts the bytes, seen as a string of bits, into groups of five.
    static func base32(_ bytes: [UInt8]) -> String {
        var bits = bytes.flatMap { byte in (0..<8).map { Int(byte >> (7 - $0)) & 1 } }
        while !bits.count.isMultiple(of: 5) { bits.append(0) }
        return String(
            stride(from: 0, to: bits.count, by: 5).map { self.base32[bits[$0..<$0 + 5].reduce(0) { $0 * 2 + $1 }] })
    }
}

/// Text that writes bytes as one large number in some base, with one zero digit per leading zero byte.
struct PositionalBase: Sendable {
    /// The longest text that is read; every peer id fits.
    ///
    /// The work grows with the square of the length, so that text from outside must have a limit.
    static let maximumCharacterCount = 128

    private let name: String
    private let digits: [UInt8]
    /// The value of each ASCII character, or nil for those outside the alphabet.
    private let values: [UInt8?]

    /// Makes a base of the ASCII characters in `alphabet`, in order of their value.
    init(name: String, alphabet: String) {
        self.name = name
        self.digits = Array(alphabet.utf8)
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, digit) in self.digits.enumerated() { values[Int(digit)] = UInt8(truncatingIfNeeded: value) }
        self.values = values
    }

    /// Writes `bytes`; meant for ids and other short strings.
    func encode(_ bytes: some Collection<UInt8>) -> String {
        let zeros = bytes.prefix { $0 == 0 }.count
        var number: [UInt8] = []
        for byte in bytes.dropFirst(zeros) { Self.extend(&number, base: 256, by: byte, into: self.digits.count) }
        let leading = [UInt8](repeating: 0, count: zeros)
        return String(decoding: (leading + number.reversed()).map { self.digits[Int($0)] }, as: UTF8.self)
    }

    /// Reads text of at most ``maximumCharacterCount`` characters.
    func decode(_ text: Substring) throws(LibP2PError) -> [UInt8] {
        guard text.utf8.count <= Self.maximumCharacterCount else {
            throw LibP2PError(.tooLong, "more than \(Self.maximumCharacterCount) characters of \(self.name)")
        }
        var zeros = 0
        var number: [UInt8] = []
        for (index, character) in text.utf8.enumerated() {
            guard let value = self.values[Int(character)] else {
                throw .invalidCharacter(in: text, at: index, base: self.name)
            }
            if value == 0, zeros == index { zeros += 1 }
            Self.extend(&number, base: self.digits.count, by: value, into: 256)
        }
        return [UInt8](repeating: 0, count: zeros) + number.reversed()
    }

    /// Multiplies `number` by `base` and adds `digit`; it holds digits of base `radix`, the lowest first.
    private static func extend(_ number: inout [UInt8], base: Int, by digit: UInt8, into radix: Int) {
        var carry = Int(digit)
        for index in number.indices {
            carry += Int(number[index]) * base
            number[index] = UInt8(truncatingIfNeeded: carry % radix)
            carry /= radix
        }
        while carry > 0 {
            number.append(UInt8(truncatingIfNeeded: carry % radix))
            carry /= radix
        }
    }
}

extension LibP2PError {
    /// The error for the character at a byte offset of `text`.
    static func invalidCharacter(in text: Substring, at offset: Int, base: String) -> LibP2PError {
        let whole = text.base.utf8
        // Counted from the start of what the person typed, the multibase letter included.
        let position = whole.distance(from: whole.startIndex, to: text.startIndex) + offset
        let character = whole.dropFirst(position).first.map { byte in
            // Never echo what could upset a terminal.
            (0x21...0x7E).contains(byte) ? "character \"\(UnicodeScalar(byte))\"" : "byte 0x\(String(byte, radix: 16))"
        }
        return LibP2PError(
            .invalidCharacter, "the \(character ?? "character") at position \(position) is not part of \(base)")
    }
}

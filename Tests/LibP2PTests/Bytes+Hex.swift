extension [UInt8] {
    /// Reads pairs of hexadecimal digits between which spaces are free; for constants in tests.
    init(hex: String) {
        let digits = hex.filter { $0 != " " }.compactMap(\.hexDigitValue)
        self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }

    /// The bytes as hexadecimal digits.
    var hex: String { self.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// Draws `count` bytes, of which many are zero or full so that edge cases come up.
    static func random(count: Int, using random: inout SplitMix64) -> [UInt8] {
        (0..<count).map { _ in
            switch random.next() % 8 {
            case 0: 0
            case 1: 0xFF
            default: UInt8.random(in: .min ... .max, using: &random)
            }
        }
    }
}

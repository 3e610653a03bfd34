/// SHA-256 (FIPS 180-4) for the ids of keys, none of which is secret.
///
///     let digest = SHA256.digest(of: Array("abc".utf8))
enum SHA256 {
    /// How many bytes a digest has.
    static let digestByteCount = 32

    /// Returns the digest of `message`.
    static func digest(of message: [UInt8]) -> [UInt8] {
        var state = self.initialState
        var schedule = [UInt32](repeating: 0, count: 64)
        let padded = self.padded(message)
        for start in stride(from: 0, to: padded.count, by: 64) {
            self.fill(&schedule, from: padded[start..<start + 64])
            self.compress(schedule, into: &state)
        }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
    }

    /// §5.1.1: a one bit, zeros, and the length in bits, up to a whole block.
    private static func padded(_ message: [UInt8]) -> [UInt8] {
        let bitCount = UInt64(message.count) &* 8
        var padded = message
        padded.append(0x80)
        while padded.count % 64 != 56 { padded.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            padded.append(UInt8(truncatingIfNeeded: bitCount >> shift))
        }
        return padded
    }

    /// §6.2.2 step 1.
    private static func fill(_ schedule: inout [UInt32], from block: ArraySlice<UInt8>) {
        for index in 0..<16 {
            let start = block.startIndex + 4 * index
            schedule[index] = block[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        for index in 16..<64 {
            let early = schedule[index - 15]
            let late = schedule[index - 2]
            let sigma0 = early.rotated(by: 7) ^ early.rotated(by: 18) ^ early >> 3
            let sigma1 = late.rotated(by: 17) ^ late.rotated(by: 19) ^ late >> 10
            schedule[index] = sigma1 &+ schedule[index - 7] &+ sigma0 &+ schedule[index - 16]
        }
    }

    /// §6.2.2 steps 2 to 4.
    private static func compress(_ schedule: [UInt32], into state: inout [UInt32]) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for (word, constant) in zip(schedule, self.roundConstants) {
            let sum1 = e.rotated(by: 6) ^ e.rotated(by: 11) ^ e.rotated(by: 25)
            let choice = (e & f) ^ (~e & g)
            let first = h &+ sum1 &+ choice &+ constant &+ word
            let sum0 = a.rotated(by: 2) ^ a.rotated(by: 13) ^ a.rotated(by: 22)
            let majority = (a & b) ^ (a & c) ^ (b & c)
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ sum0 &+ majority)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }
}

extension SHA256 {
    // The constants are worked out from their definition rather than typed in.

    /// §5.3.3: the first 32 bits of the fractions of the square roots of the first 8 primes.
    private static let initialState = primes.prefix(8).map { prime in
        fraction { root in root * root <= prime << 64 }
    }

    /// §4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes.
    private static let roundConstants = primes.map { prime in
        fraction { root in root * root * root <= prime << 96 }
    }

    /// The first 64 primes.
    private static let primes: [UInt128] = (2...311).filter { number in
        !(2..<number).contains { number.isMultiple(of: $0) }
    }

    /// The low 32 bits of the largest 40-bit number that is not above a root, which is scaled by 2³².
    private static func fraction(_ isNotAbove: (UInt128) -> Bool) -> UInt32 {
        var root: UInt128 = 0
        for bit in (0..<40).reversed() where isNotAbove(root | 1 << bit) { root |= 1 << bit }
        return UInt32(truncatingIfNeeded: root)
    }
}

extension UInt32 {
    fileprivate func rotated(by count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}

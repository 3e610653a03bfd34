/// Bytes to send, and the sum that shows that they arrived.
package struct Pattern {
    /// So many bytes that look like data.
    package static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }
}

/// The FNV-1a hash of a stream of bytes: tells accidents, not attacks.
package struct Checksum: Hashable, Sendable, CustomStringConvertible {
    /// The sum so far.
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The sum of nothing.
    package init() {}

    /// The sum of all of them.
    package init(of bytes: [UInt8]) {
        self.init()
        self.add(bytes)
    }

    /// Adds bytes; how they are divided into pieces does not matter.
    package mutating func add(_ bytes: [UInt8]) {
        for byte in bytes { self.value = (self.value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    /// Sixteen digits.
    package var description: String {
        let digits = String(self.value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

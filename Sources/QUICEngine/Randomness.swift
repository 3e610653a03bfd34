/// Where an engine takes its random bytes from: the system in production, a seed in tests.
///
/// TLS keys never come from here: GnuTLS draws them from its own generator.
public protocol Randomness: AnyObject {
    /// Returns sixty-four random bits.
    func next() -> UInt64
}

/// A small seeded generator (SplitMix64): the same seed gives the same numbers.
public final class SeededRandomness: Randomness, RandomNumberGenerator {
    private var state: UInt64

    /// Creates a source whose numbers follow from `seed` alone.
    public init(seed: UInt64) { self.state = seed }

    /// Returns the next sixty-four bits of the sequence.
    public func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

internal import CNGTCP2

/// The generator for everything but tests: GnuTLS's, which the operating system seeds.
///
/// Not the system's own: that is a system call for eight bytes, and a connection needs some two hundred.
public final class SystemRandomness: Randomness {
    /// Creates a source. All draw from the same generator.
    public init() {}

    /// Returns sixty-four random bits.
    public func next() -> UInt64 {
        var word: UInt64 = 0
        let result = unsafe gnutls_rnd(GNUTLS_RND_RANDOM, &word, MemoryLayout<UInt64>.size)
        if result == 0 { return word }
        var system = SystemRandomNumberGenerator()
        return system.next()
    }
}

import QUICEngine

/// The FNV-1a hash over 64-bit words: the same in every process, which `Hasher` is not.
struct FNVHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func absorb(_ word: UInt64) {
        let product = (self.value ^ word) &* 0x0000_0100_0000_01B3
        // A multiplication carries upwards only; fold the upper half back so that every bit reaches every other.
        self.value = product ^ (product >> 32)
    }

    mutating func absorb(_ address: NetworkAddress) {
        self.absorb(address.high)
        self.absorb(address.low)
        self.absorb(UInt64(address.scopeID) << 32 | UInt64(address.port) << 16 | UInt64(address.family.rawValue))
    }
}

/// A checksum over 64-bit words, cheap enough to run beside a fast transfer. How bytes are divided into pieces does not
/// matter; their order does. It tells accidents, not attacks.
struct WordChecksum: Equatable {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    /// Bytes that do not fill a word yet, and how many.
    private var rest: UInt64 = 0
    private var restCount = 0
    private var total: UInt64 = 0

    mutating func add(_ bytes: RawSpan) {
        self.total &+= UInt64(bytes.byteCount)
        var offset = 0
        while self.restCount > 0, offset < bytes.byteCount {
            self.addByte(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
            offset += 1
        }
        var hash = self.hash
        while bytes.byteCount - offset >= 8 {
            hash = Self.mix(hash, bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        self.hash = hash
        while offset < bytes.byteCount {
            self.addByte(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
            offset += 1
        }
    }

    /// The sum of all that was added so far.
    var value: UInt64 { Self.mix(Self.mix(self.hash, self.rest), self.total) }

    private mutating func addByte(_ byte: UInt8) {
        // Words are little-endian, as they are loaded.
        self.rest |= UInt64(byte) << UInt64(8 * self.restCount)
        self.restCount += 1
        guard self.restCount == 8 else { return }
        self.hash = Self.mix(self.hash, self.rest)
        self.rest = 0
        self.restCount = 0
    }

    private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word.littleEndian) &* 0x9e37_79b9_7f4a_7c15
        return product ^ (product >> 32)
    }
}

/// The twelve bytes before everything that yamux sends (yamux §Framing): a version, a type, flags, a stream and a number
/// that is the length of the data, a window, an opaque value or a code. All are big-endian.
struct YamuxFrame: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        case data = 0
        case windowUpdate = 1
        case ping = 2
        case goAway = 3
    }

    struct Flags: OptionSet, Hashable, Sendable {
        let rawValue: UInt16

        static let syn = Flags(rawValue: 1)
        static let ack = Flags(rawValue: 2)
        static let fin = Flags(rawValue: 4)
        static let rst = Flags(rawValue: 8)
    }

    static let byteCount = 12

    var kind: Kind
    var flags: Flags = []
    var stream: UInt32 = 0
    var number: UInt32 = 0

    init(_ kind: Kind, _ flags: Flags = [], stream: UInt32 = 0, number: UInt32 = 0) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.number = number
    }

    /// Reads a header of exactly ``byteCount`` bytes.
    init(decoding bytes: [UInt8]) throws(YamuxFault) {
        guard bytes.count == Self.byteCount else { throw YamuxFault("a header has 12 bytes, not \(bytes.count)") }
        guard bytes[0] == 0 else { throw YamuxFault("version \(bytes[0]) of yamux") }
        guard let kind = Kind(rawValue: bytes[1]) else { throw YamuxFault("frame type \(bytes[1])") }
        self.kind = kind
        self.flags = Flags(rawValue: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
        self.stream = Self.word(bytes[4..<8])
        self.number = Self.word(bytes[8..<12])
    }

    var encoded: [UInt8] {
        [0, self.kind.rawValue, UInt8(self.flags.rawValue >> 8), UInt8(truncatingIfNeeded: self.flags.rawValue)]
            + Self.bytes(self.stream) + Self.bytes(self.number)
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    private static func bytes(_ word: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
    }
}

/// What a peer did that yamux does not allow.
struct YamuxFault: Error, Hashable, Sendable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

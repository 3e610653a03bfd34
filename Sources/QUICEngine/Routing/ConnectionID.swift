/// A connection ID of up to twenty bytes, stored inline so that look-ups never allocate (RFC 9000 §5.1).
///
///     let id = ConnectionID([0xc0, 0xff, 0xee, 0, 1, 2, 3, 4])!
///     print(id)  // c0ffee0001020304
public struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
    /// The largest length that QUIC versions 1 and 2 allow.
    public static let maximumLength = 20

    /// How many bytes the ID has.
    public let count: Int
    let first: UInt64
    let second: UInt64
    let third: UInt32

    /// Creates an ID from its bytes, or nil if there are more than twenty.
    public init?(_ bytes: some Sequence<UInt8>) {
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var count = 0
        for byte in bytes {
            guard count < Self.maximumLength else { return nil }
            switch count >> 3 {
            case 0: words.0 |= UInt64(byte) << UInt64(56 - 8 * (count & 7))
            case 1: words.1 |= UInt64(byte) << UInt64(56 - 8 * (count & 7))
            default: words.2 |= UInt64(byte) << UInt64(24 - 8 * (count & 7))
            }
            count += 1
        }
        self.init(count: count, first: words.0, second: words.1, third: UInt32(truncatingIfNeeded: words.2))
    }

    /// Creates an ID from `count` bytes of `span` at `offset`, or nil where they are not there or too many.
    public init?(_ span: RawSpan, offset: Int, count: Int) {
        guard count >= 0, count <= Self.maximumLength, offset >= 0, offset <= span.byteCount - count else { return nil }
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for index in 0..<count {
            let byte = UInt64(span.byte(at: offset + index))
            switch index >> 3 {
            case 0: words.0 |= byte << UInt64(56 - 8 * (index & 7))
            case 1: words.1 |= byte << UInt64(56 - 8 * (index & 7))
            default: words.2 |= byte << UInt64(24 - 8 * (index & 7))
            }
        }
        self.init(count: count, first: words.0, second: words.1, third: UInt32(truncatingIfNeeded: words.2))
    }

    /// Creates an ID of `count` bytes (cut to twenty) from random bits.
    public init(random: any Randomness, count: Int) {
        let count = min(max(count, 0), Self.maximumLength)
        let words = (random.next(), random.next(), random.next())
        let bytes = (0..<count).map { index -> UInt8 in
            let word = index < 8 ? words.0 : index < 16 ? words.1 : words.2
            return UInt8(truncatingIfNeeded: word >> UInt64(8 * (index & 7)))
        }
        self = ConnectionID(bytes) ?? ConnectionID()
    }

    /// Creates the empty ID.
    public init() { self.init(count: 0, first: 0, second: 0, third: 0) }

    private init(count: Int, first: UInt64, second: UInt64, third: UInt32) {
        self.count = count
        self.first = first
        self.second = second
        self.third = third
    }

    /// The byte at `index`; zero beyond the end.
    public subscript(index: Int) -> UInt8 {
        guard index >= 0, index < self.count else { return 0 }
        switch index >> 3 {
        case 0: return UInt8(truncatingIfNeeded: self.first >> UInt64(56 - 8 * (index & 7)))
        case 1: return UInt8(truncatingIfNeeded: self.second >> UInt64(56 - 8 * (index & 7)))
        default: return UInt8(truncatingIfNeeded: self.third >> UInt32(24 - 8 * (index & 7)))
        }
    }

    /// The ID's bytes.
    public var bytes: [UInt8] { (0..<self.count).map { self[$0] } }

    /// The ID in hexadecimal.
    public var description: String { self.bytes.hexadecimal }
}

/// The sixteen bytes that prove that a stateless reset comes from the peer (RFC 9000 §10.3).
public struct StatelessResetToken: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    /// Creates a token from sixteen bytes, or nil if there are more or fewer.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The token's bytes.
    public var bytes: [UInt8] {
        [self.high, self.low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }
}

extension Sequence<UInt8> {
    /// These bytes as lower-case hexadecimal digits.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = self.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}

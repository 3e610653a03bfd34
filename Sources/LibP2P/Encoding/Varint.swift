/// The unsigned variable-length integers of multiformats: seven bits per byte, the lowest first.
///
/// They have at most nine bytes, hence 63 bits, and the shortest form is the only one allowed.
///
///     var bytes: [UInt8] = []
///     try Varint.append(300, to: &bytes)  // [0xAC, 0x02]
///     var rest = bytes[...]
///     let value = try Varint.read(from: &rest)  // 300, and `rest` is empty
public enum Varint {
    /// The most bytes that an integer takes.
    public static let maximumByteCount = 9
    /// The largest integer that fits.
    public static let maximum = UInt64.max >> 1

    /// Appends the bytes of `value`, which may be at most ``maximum``.
    public static func append(_ value: UInt64, to bytes: inout [UInt8]) throws(LibP2PError) {
        guard value <= self.maximum else {
            throw LibP2PError(.tooLong, "\(value) does not fit the 63 bits of a varint")
        }
        self.appendUnchecked(value, to: &bytes)
    }

    /// Appends the number of elements of a collection, which always fits.
    public static func append(countOf collection: some Collection, to bytes: inout [UInt8]) {
        self.appendUnchecked(UInt64(collection.count), to: &bytes)
    }

    /// Takes one integer off the front of `bytes`; where it throws, `bytes` stays as it was.
    ///
    /// The code of the error is ``LibP2PError/Code/truncated`` exactly where further bytes could complete the integer.
    public static func read(from bytes: inout ArraySlice<UInt8>) throws(LibP2PError) -> UInt64 {
        var value: UInt64 = 0
        var rest = bytes
        for index in 0..<self.maximumByteCount {
            guard let byte = rest.popFirst() else {
                throw LibP2PError(.truncated, "a varint breaks off after \(index) bytes")
            }
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            guard byte & 0x80 == 0 else { continue }
            guard byte != 0 || index == 0 else {
                throw LibP2PError(.notMinimal, "the varint \(value) is padded to \(index + 1) bytes")
            }
            bytes = rest
            return value
        }
        throw LibP2PError(.tooLong, "a varint goes on after \(self.maximumByteCount) bytes")
    }

    private static func appendUnchecked(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Numbers out of the bytes that name them.
enum JSONNumber {
    /// RFC 9000 §16: the largest integer on the wire.
    private static let largest = 1 << 62

    /// A whole number that is not negative; nil for everything else.
    static func count(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard !bytes.isEmpty, bytes.count <= 19 else { return nil }
        var value = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else {
                // 12.0 is a count too.
                return self.value(bytes).flatMap {
                    $0 >= 0 && $0 < 9e15 && $0 == $0.rounded(.down) ? Int($0) : nil
                }
            }
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow, next <= self.largest else { return nil }
            value = next + Int(byte - 0x30)
        }
        return value < self.largest ? value : nil
    }

    /// A decimal number; nil where the bytes are none.
    static func value(_ bytes: ArraySlice<UInt8>) -> Double? {
        var mantissa: Int64 = 0
        var scale = 0
        var index = bytes.startIndex
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let start = index
        var hasPoint = false
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else if (0x30...0x39).contains(byte) {
                // More than 18 digits say nothing that a Double could keep.
                if mantissa < 100_000_000_000_000_000 {
                    mantissa = mantissa * 10 + Int64(byte - 0x30)
                    if hasPoint { scale -= 1 }
                } else if !hasPoint {
                    scale += 1
                }
            } else {
                break
            }
            index += 1
        }
        guard index > start else { return nil }
        if index < bytes.endIndex {
            guard bytes[index] == UInt8(ascii: "e") || bytes[index] == UInt8(ascii: "E"),
                let exponent = Int(String(decoding: bytes[(index + 1)...], as: UTF8.self)), abs(exponent) <= 400
            else { return nil }
            scale += exponent
        }
        let size = Double(mantissa) * self.power(scale)
        return size.isFinite ? (isNegative ? -size : size) : nil
    }

    private static func power(_ exponent: Int) -> Double {
        var (result, base, left) = (1.0, 10.0, exponent.magnitude)
        while left > 0 {
            if left & 1 == 1 { result *= base }
            base *= base
            left >>= 1
        }
        return exponent < 0 ? 1 / result : result
    }
}

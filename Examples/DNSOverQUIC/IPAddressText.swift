/// IP addresses as people write them.
enum IPAddressText {
    /// Four bytes or nil.
    static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in
            part.allSatisfy(\.isWholeNumber) && (part == "0" || !part.hasPrefix("0")) ? UInt8(part) : nil
        }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    /// Sixteen bytes or nil. An IPv4 address at the end is not understood.
    static func ipv6(_ text: String) -> [UInt8]? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false).map(Self.groups)
        guard halves.count <= 2, let front = halves.first ?? nil, let back = halves.last ?? nil else { return nil }
        if halves.count == 1 { return front.count == 16 && !text.isEmpty ? front : nil }
        // The gap stands for one group of zeros or more.
        let gap = 16 - front.count - back.count
        return gap >= 2 ? front + [UInt8](repeating: 0, count: gap) + back : nil
    }

    /// The form of RFC 5952: the longest run of zero groups, of two or more, is left out.
    static func text(_ bytes: [UInt8]) -> String {
        guard bytes.count == 16 else { return bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var gap = 0..<0
        for start in groups.indices {
            let run = start..<(groups[start...].firstIndex { $0 != 0 } ?? groups.endIndex)
            if run.count > max(gap.count, 1) { gap = run }
        }
        let hexadecimal = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard !gap.isEmpty else { return hexadecimal(groups[...]) }
        return hexadecimal(groups[..<gap.lowerBound]) + "::" + hexadecimal(groups[gap.upperBound...])
    }

    private static func groups(_ text: Substring) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap {
            1...4 ~= $0.count && $0.allSatisfy(\.isHexDigit) ? UInt16($0, radix: 16) : nil
        }
        return numbers.count == parts.count ? numbers.flatMap(\.bigEndianBytes) : nil
    }
}

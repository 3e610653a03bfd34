/// IP addresses as text, without a C library: server names that are addresses are checked, and sent, differently.
enum IPLiteral {
    /// The four or sixteen bytes of an address; nil for a name.
    static func parse(_ text: String) -> [UInt8]? {
        self.parseIPv4(Array(text.utf8)) ?? self.parseIPv6(text)
    }

    private static func parseIPv4(_ text: [UInt8]) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let byte = UInt8(String(decoding: part, as: UTF8.self)), part.count <= 3,
                part.first != UInt8(ascii: "+")
            else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }

    /// RFC 4291 §2.2: groups, one `::`, and perhaps an IPv4 address at the end.
    private static func parseIPv6(_ text: String) -> [UInt8]? {
        let text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        guard text.utf8.contains(UInt8(ascii: ":")), text.utf8.count <= 45 else { return nil }
        var halves: [[UInt8]] = []
        var rest = Substring(text)
        if let gap = Self.rangeOfGap(in: rest) {
            guard let left = Self.groups(rest[..<gap.lowerBound], isLast: false) else { return nil }
            halves.append(left)
            rest = rest[gap.upperBound...]
            guard Self.rangeOfGap(in: rest) == nil else { return nil }
        }
        guard let last = Self.groups(rest, isLast: true) else { return nil }
        halves.append(last)
        if halves.count == 1 { return last.count == 16 ? last : nil }
        let missing = 16 - halves[0].count - last.count
        guard missing >= 2 else { return nil }
        return halves[0] + [UInt8](repeating: 0, count: missing) + last
    }

    private static func rangeOfGap(in text: Substring) -> Range<Substring.Index>? {
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if next < text.endIndex, text[index] == ":", text[next] == ":" { return index..<text.index(after: next) }
            index = next
        }
        return nil
    }

    private static func groups(_ text: Substring, isLast: Bool) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, let tail = Self.parseIPv4(Array(part.utf8)) {
                bytes += tail
            } else {
                guard part.utf8.count <= 4, part.first != "+", part.first != "-", let group = UInt16(part, radix: 16)
                else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
            }
        }
        return bytes
    }
}

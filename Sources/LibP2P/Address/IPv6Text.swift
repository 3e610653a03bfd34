/// IPv6 addresses as text: all forms of RFC 4291 §2.2 are read, the one of RFC 5952 is written.
enum IPv6Text {
    /// Writes 16 bytes: the longest run of two or more zero groups as `::`, and mapped IPv4 addresses with dots.
    static func encode(_ bytes: [UInt8]) -> String {
        guard bytes.count == 16 else { return "" }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        if let four = self.mappedIPv4(in: bytes) { return "::ffff:" + four.map(String.init).joined(separator: ".") }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = end + 1
        }
        let hex = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return hex.joined(separator: ":") }
        return hex[..<best.lowerBound].joined(separator: ":") + "::" + hex[best.upperBound...].joined(separator: ":")
    }

    /// The 16 bytes, or nil where the text is no address. A zone is not part of one.
    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 45 else { return nil }
        let halves = self.halves(of: text)
        guard let front = self.bytes(of: halves.front, mayEndInIPv4: halves.back == nil) else { return nil }
        guard let tail = halves.back else { return front.count == 16 ? front : nil }
        // `::` stands for at least one group.
        guard let back = self.bytes(of: tail, mayEndInIPv4: true), front.count + back.count <= 14 else { return nil }
        return front + [UInt8](repeating: 0, count: 16 - front.count - back.count) + back
    }

    /// The IPv4 address inside a mapped one (RFC 4291 §2.5.5.2), or nil for all others.
    static func mappedIPv4(in bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count == 16, bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] else { return nil }
        return Array(bytes.suffix(4))
    }

    /// What stands before and after the first `::`; a second one makes an empty group, which is refused.
    private static func halves(of text: String) -> (front: Substring, back: Substring?) {
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == ":", next < text.endIndex, text[next] == ":" {
                return (text[..<index], text[text.index(after: next)...])
            }
            index = next
        }
        return (text[...], nil)
    }

    private static func bytes(of text: Substring, mayEndInIPv4: Bool) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, group) in groups.enumerated() {
            if index == groups.count - 1, mayEndInIPv4, group.contains(".") {
                guard let address = try? Multiaddress.Component(.ip4, String(group)) else { return nil }
                bytes += address.bytes
            } else {
                // `UInt16` alone would take a sign.
                guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
                    let value = UInt16(group, radix: 16)
                else { return nil }
                bytes += [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
            }
        }
        return bytes
    }
}

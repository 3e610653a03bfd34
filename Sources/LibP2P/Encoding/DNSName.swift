/// A domain name, as DNS messages carry it: labels of 1 to 63 bytes, at most 255 bytes in all (RFC 1035 §3.1).
///
///     let service = DNSName("_p2p._udp.local")
///
/// Names that differ in the case of ASCII letters alone are equal (RFC 4343).
struct DNSName: Hashable, Sendable, CustomStringConvertible {
    /// The labels, the most particular first.
    let labels: [[UInt8]]

    /// How many bytes the name takes in a message, uncompressed.
    var byteCount: Int { Self.byteCount(of: self.labels) }

    /// Takes labels; nil where they are no name.
    init?(labels: [[UInt8]]) {
        guard labels.allSatisfy({ (1...63).contains($0.count) }), Self.byteCount(of: labels) <= 255 else { return nil }
        self.labels = labels
    }

    /// Reads a name with dots between the labels, of which one may be at the end; nil where it is no name.
    init?(_ text: String) {
        let whole = text.hasSuffix(".") ? text.dropLast() : text[...]
        self.init(labels: whole.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) })
    }

    /// The name under another one; nil where that is too long.
    func prefixed(by label: String) -> DNSName? { DNSName(labels: [Array(label.utf8)] + self.labels) }

    /// The labels with dots between them, for people.
    var description: String { self.labels.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".") }

    static func == (one: DNSName, other: DNSName) -> Bool { one.folded == other.folded }

    func hash(into hasher: inout Hasher) { hasher.combine(self.folded) }

    private var folded: [[UInt8]] {
        self.labels.map { $0.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 } }
    }

    private static func byteCount(of labels: [[UInt8]]) -> Int { labels.reduce(1) { $0 + $1.count + 1 } }
}

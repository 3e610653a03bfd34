/// A domain name: its labels from left to right. Upper and lower case are the same (RFC 4343).
struct DNSName: Hashable, Sendable, CustomStringConvertible {
    /// RFC 1035, section 2.3.4.
    static let maximumLabel = 63
    static let maximumLength = 255
    static let root = DNSName()

    let labels: [[UInt8]]

    /// Nil: a label or the whole is longer than names may be.
    init?(labels: [[UInt8]]) {
        guard labels.allSatisfy({ 1...Self.maximumLabel ~= $0.count }),
            labels.reduce(1, { $0 + 1 + $1.count }) <= Self.maximumLength
        else { return nil }
        self.labels = labels
    }

    /// Nil: no name. Without a dot at its end, the text is relative to `origin`. Backslashes are not understood.
    init?(_ text: String, relativeTo origin: DNSName = .root) {
        if text == "." {
            self = .root
        } else if text == "@" {
            self = origin
        } else {
            guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") }) else { return nil }
            let isAbsolute = text.hasSuffix(".")
            let parts = (isAbsolute ? text.dropLast() : text[...]).split(
                separator: ".", omittingEmptySubsequences: false)
            self.init(labels: parts.map { Array($0.utf8) } + (isAbsolute ? [] : origin.labels))
        }
    }

    private init() { self.labels = [] }

    /// Whether it is `other` or below it.
    func isWithin(_ other: DNSName) -> Bool {
        self.lowered.suffix(other.labels.count).elementsEqual(other.lowered)
    }

    var encoded: [UInt8] { self.labels.flatMap { [UInt8($0.count)] + $0 } + [0] }

    var description: String {
        guard !self.labels.isEmpty else { return "." }
        return self.labels.map { $0.map(Self.text).joined() + "." }.joined()
    }

    static func == (lhs: DNSName, rhs: DNSName) -> Bool { lhs.lowered == rhs.lowered }
    func hash(into hasher: inout Hasher) { hasher.combine(self.lowered) }

    private var lowered: [[UInt8]] {
        self.labels.map { $0.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 } }
    }

    /// A byte as zone files write it (RFC 1035, section 5.1).
    static func text(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "\""): "\\\(Character(UnicodeScalar(byte)))"
        case 0x21...0x7E: "\(Character(UnicodeScalar(byte)))"
        default: "\\\(byte / 100)\(byte / 10 % 10)\(byte % 10)"
        }
    }
}

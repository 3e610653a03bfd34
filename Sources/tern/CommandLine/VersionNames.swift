import QUIC

extension QUICVersion {
    /// As people call it: v1, draft-29, Q050; the number where it has no name.
    var name: String {
        switch self.rawValue {
        case 1: "v1"
        case 0x6b33_43cf: "v2"
        case _ where self.isDraft: "draft-\(self.rawValue & 0xff)"
        case let number where [0x51, 0x54].contains(number >> 24):
            // Google's own, before the standard: a letter and three digits.
            String((0..<4).map { Character(UnicodeScalar(UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)))) })
                .printable
        default: "\(self)"
        }
    }

    /// A draft of version 1.
    var isDraft: Bool { self.rawValue & 0xffff_ff00 == 0xff00_0000 }

    /// Whether Tern speaks it.
    var isKnown: Bool { self == .version1 || self == .version2 }
}

extension Sequence<QUICVersion> {
    /// Their names; drafts in a row are told by the first and the last.
    var names: [String] {
        var names: [String] = []
        var drafts: ClosedRange<UInt32>?
        func tell() {
            guard let range = drafts else { return }
            let first = QUICVersion(range.lowerBound).name
            names.append(range.count == 1 ? first : "\(first)…\(range.upperBound & 0xff)")
            drafts = nil
        }
        for version in self {
            let number = version.rawValue
            if let range = drafts, range.upperBound &+ 1 == number {
                drafts = range.lowerBound...number
                continue
            }
            tell()
            if version.isDraft { drafts = number...number } else { names.append(version.name) }
        }
        tell()
        return names
    }
}

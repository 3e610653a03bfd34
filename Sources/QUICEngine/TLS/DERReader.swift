/// Reads DER element by element (X.690 §8 and §10.1): every length in its shortest form; nil for everything else.
package struct DERReader {
    /// One element.
    package struct Element {
        /// The identifier octet, for example 0x30 of a SEQUENCE.
        package let tag: UInt8
        /// What is inside.
        package let content: [UInt8]
        /// The element with its tag and its length.
        package let encoded: [UInt8]
    }

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    package var isAtEnd: Bool { self.rest.isEmpty }

    /// The tag of the next element.
    package var nextTag: UInt8? { self.rest.first }

    /// Takes the next element if it has this tag.
    package mutating func read(_ tag: UInt8) -> Element? { self.nextTag == tag ? self.read() : nil }

    /// Takes the next element. Tags of several bytes, which no certificate has, are not read.
    package mutating func read() -> Element? {
        var after = self.rest
        guard let tag = after.popFirst(), tag & 0x1f != 0x1f, let count = Self.length(from: &after),
            count <= after.count
        else { return nil }
        let content = after.prefix(count)
        defer { self.rest = after.dropFirst(count) }
        return Element(tag: tag, content: Array(content), encoded: Array(self.rest[..<content.endIndex]))
    }

    /// Up to three bytes of length, hence 16 MiB.
    private static func length(from bytes: inout ArraySlice<UInt8>) -> Int? {
        guard let first = bytes.popFirst() else { return nil }
        if first < 0x80 { return Int(first) }
        let count = Int(first & 0x7f)
        guard 1...3 ~= count, bytes.count >= count, bytes.first != 0 else { return nil }
        let value = bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) }
        bytes = bytes.dropFirst(count)
        return value >= 0x80 ? value : nil
    }
}

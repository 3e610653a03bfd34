/// One JSON value as a flat list of its parts in the order of the text. A tape is used again for value after value,
/// so that a trace of millions of events costs no memory for each.
///
///     var tape = JSONTape()
///     let end = try tape.read(bytes, from: 0)
///     let name = tape.root(of: bytes)["name"].text
struct JSONTape {
    /// What a part is.
    enum Kind: UInt8 {
        case object, array, string, number, yes, no, null
    }

    /// A part: in an object, names and values take turns.
    struct Part {
        let kind: Kind
        /// The bytes between the quotes, or those of the number.
        let start: Int
        var end: Int
        /// The first part behind this one and all that it holds.
        var next: Int
    }

    private(set) var parts: [Part] = []

    /// Deeper nesting is refused: the reader calls itself.
    static let deepest = 64

    /// The value that was read last, within the bytes from which it was read.
    func root(of bytes: [UInt8]) -> JSONValue { JSONValue(bytes: bytes, parts: self.parts, index: 0) }

    /// Reads the value that starts at `offset`, white space aside, and returns where it ends.
    mutating func read(_ bytes: [UInt8], from offset: Int) throws(JSONFault) -> Int {
        self.parts.removeAll(keepingCapacity: true)
        var text = JSONText(bytes, at: offset)
        try self.value(&text, depth: 0)
        return text.offset
    }

    private mutating func value(_ text: inout JSONText, depth: Int) throws(JSONFault) {
        text.skipSpace()
        let start = text.offset
        switch text.next {
        case UInt8(ascii: "{"), UInt8(ascii: "["): try self.container(&text, depth: depth)
        case UInt8(ascii: "\""):
            let range = try text.string()
            self.add(.string, range.lowerBound, range.upperBound)
        case UInt8(ascii: "t"): try self.word("true", .yes, &text)
        case UInt8(ascii: "f"): try self.word("false", .no, &text)
        case UInt8(ascii: "n"): try self.word("null", .null, &text)
        case nil: throw .end(start)
        default:
            try text.number()
            self.add(.number, start, text.offset)
        }
    }

    private mutating func container(_ text: inout JSONText, depth: Int) throws(JSONFault) {
        guard depth < Self.deepest else { throw JSONFault(offset: text.offset, reason: "nested too deep") }
        let isObject = text.next == UInt8(ascii: "{")
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        let index = self.parts.count
        self.add(isObject ? .object : .array, text.offset, text.offset)
        text.offset += 1
        text.skipSpace()
        if text.next == close {
            text.offset += 1
        } else {
            while true {
                if isObject { try self.name(&text) }
                try self.value(&text, depth: depth + 1)
                if try text.separator(orEnd: close) { break }
            }
        }
        self.parts[index].end = text.offset
        self.parts[index].next = self.parts.count
    }

    private mutating func name(_ text: inout JSONText) throws(JSONFault) {
        let range = try text.name()
        self.add(.string, range.lowerBound, range.upperBound)
    }

    private mutating func word(_ word: String, _ kind: Kind, _ text: inout JSONText) throws(JSONFault) {
        let start = text.offset
        try text.word(word)
        self.add(kind, start, text.offset)
    }

    private mutating func add(_ kind: Kind, _ start: Int, _ end: Int) {
        self.parts.append(Part(kind: kind, start: start, end: end, next: self.parts.count + 1))
    }
}

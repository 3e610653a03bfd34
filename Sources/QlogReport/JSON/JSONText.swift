/// Bytes of JSON and a place in them. Every step checks what it passes, and stops at the first fault.
struct JSONText {
    let bytes: [UInt8]
    var offset: Int

    init(_ bytes: [UInt8], at offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    /// The byte at the place; nil at the end.
    var next: UInt8? { self.offset < self.bytes.count ? self.bytes[self.offset] : nil }

    mutating func skipSpace() {
        while self.offset < self.bytes.count {
            switch self.bytes[self.offset] {
            case 0x20, 0x0a, 0x0d, 0x09: self.offset += 1
            default: return
            }
        }
    }

    func fault(_ expected: String) -> JSONFault {
        guard let byte = self.next else { return .end(self.offset) }
        let found = (0x21...0x7e).contains(byte) ? "\"\(Character(UnicodeScalar(byte)))\"" : "byte \(byte)"
        return JSONFault(offset: self.offset, reason: "\(expected) was expected, not \(found)")
    }

    mutating func take(_ byte: UInt8, _ expected: String) throws(JSONFault) {
        guard self.next == byte else { throw self.fault(expected) }
        self.offset += 1
    }

    /// Passes a comma, or the end of the container. Returns whether it was the end.
    mutating func separator(orEnd close: UInt8) throws(JSONFault) -> Bool {
        self.skipSpace()
        guard self.next == close || self.next == UInt8(ascii: ",") else {
            throw self.fault("a comma or \"\(Character(UnicodeScalar(close)))\"")
        }
        defer { self.offset += 1 }
        return self.next == close
    }

    /// Passes a member's name and its colon. Returns where the name is.
    mutating func name() throws(JSONFault) -> Range<Int> {
        self.skipSpace()
        guard self.next == UInt8(ascii: "\"") else { throw self.fault("a name in quotes") }
        let range = try self.string()
        self.skipSpace()
        try self.take(UInt8(ascii: ":"), "a colon")
        return range
    }

    /// Passes a string. Returns where its text is, without the quotes.
    mutating func string() throws(JSONFault) -> Range<Int> {
        self.offset += 1
        let start = self.offset
        while self.offset < self.bytes.count {
            switch self.bytes[self.offset] {
            case UInt8(ascii: "\""):
                self.offset += 1
                return start..<(self.offset - 1)
            case UInt8(ascii: "\\"): try self.escape()
            case ..<0x20: throw self.fault("a character that is no control character")
            default: self.offset += 1
            }
        }
        throw .end(self.offset)
    }

    private mutating func escape() throws(JSONFault) {
        self.offset += 1
        guard let letter = self.next else { throw .end(self.offset) }
        guard "\"\\/bfnrtu".utf8.contains(letter) else { throw self.fault("an escape") }
        self.offset += 1
        guard letter == UInt8(ascii: "u") else { return }
        for _ in 0..<4 {
            guard let digit = self.next else { throw .end(self.offset) }
            guard Character(UnicodeScalar(digit)).isHexDigit else { throw self.fault("a hexadecimal digit") }
            self.offset += 1
        }
    }

    mutating func number() throws(JSONFault) {
        let start = self.offset
        if self.next == UInt8(ascii: "-") { self.offset += 1 }
        let first = self.next
        let count = self.digits()
        guard count > 0 else { throw self.offset == start ? self.fault("a value") : self.fault("a digit") }
        guard count == 1 || first != UInt8(ascii: "0") else {
            throw JSONFault(offset: start, reason: "a number starts with a zero")
        }
        if self.next == UInt8(ascii: ".") {
            self.offset += 1
            guard self.digits() > 0 else { throw self.fault("a digit") }
        }
        if self.next == UInt8(ascii: "e") || self.next == UInt8(ascii: "E") {
            self.offset += 1
            if self.next == UInt8(ascii: "+") || self.next == UInt8(ascii: "-") { self.offset += 1 }
            guard self.digits() > 0 else { throw self.fault("a digit") }
        }
    }

    private mutating func digits() -> Int {
        let start = self.offset
        while let byte = self.next, (0x30...0x39).contains(byte) { self.offset += 1 }
        return self.offset - start
    }

    mutating func word(_ word: String) throws(JSONFault) {
        for byte in word.utf8 { try self.take(byte, word) }
    }
}

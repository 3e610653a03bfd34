/// A value on a tape, looked at without a copy. What is not there, or of another kind, is nil or nothing.
struct JSONValue {
    let bytes: [UInt8]
    let parts: [JSONTape.Part]
    /// Behind the last part: nothing.
    let index: Int

    private var part: JSONTape.Part? { self.index < self.parts.count ? self.parts[self.index] : nil }
    private func at(_ index: Int) -> JSONValue { JSONValue(bytes: self.bytes, parts: self.parts, index: index) }
    private var nothing: JSONValue { self.at(.max) }

    var exists: Bool { self.part != nil }
    var isObject: Bool { self.part?.kind == .object }
    var isTrue: Bool { self.part?.kind == .yes }

    /// The member of an object with that name, which is plain ASCII.
    subscript(name: String) -> JSONValue {
        guard let part = self.part, part.kind == .object else { return self.nothing }
        var index = self.index + 1
        while index < part.next {
            if self.isName(name, at: index) { return self.at(index + 1) }
            index = self.parts[index + 1].next
        }
        return self.nothing
    }

    /// The elements of an array.
    var elements: [JSONValue] {
        guard let part = self.part, part.kind == .array else { return [] }
        var found: [JSONValue] = []
        var index = self.index + 1
        while index < part.next {
            found.append(self.at(index))
            index = self.parts[index].next
        }
        return found
    }

    /// The members of an object whose values are plain, as text.
    var members: [(name: String, value: String)] {
        guard let part = self.part, part.kind == .object else { return [] }
        var found: [(String, String)] = []
        var index = self.index + 1
        while index < part.next {
            let (name, value) = (self.at(index), self.at(index + 1))
            if let text = value.plainText, let name = name.text { found.append((name, text)) }
            index = self.parts[index + 1].next
        }
        return found
    }

    private var plainText: String? {
        guard let part = self.part else { return nil }
        switch part.kind {
        case .string: return self.text
        case .object, .array: return nil
        default: return String(decoding: self.bytes[part.start..<part.end].prefix(40), as: UTF8.self)
        }
    }

    /// A number, also one that is written as a string, as some traces write large ones.
    var number: Double? {
        guard let part = self.part, part.kind == .number || part.kind == .string else { return nil }
        return JSONNumber.value(self.bytes[part.start..<part.end])
    }

    /// A number that counts something: not negative, and no larger than a variable-length integer of QUIC.
    var count: Int? {
        guard let part = self.part, part.kind == .number || part.kind == .string else { return nil }
        return JSONNumber.count(self.bytes[part.start..<part.end])
    }

    /// A string, of which `limit` characters are enough.
    func text(limit: Int = 200) -> String? {
        guard let part = self.part, part.kind == .string else { return nil }
        return JSONString.text(self.bytes[part.start..<part.end], limit: limit)
    }

    var text: String? { self.text() }

    /// Whether this is that string; free of copies.
    func isText(_ text: String) -> Bool { self.part?.kind == .string && self.isName(text, at: self.index) }

    /// The end of this string behind its last colon: what qlog calls the type of an event.
    var eventType: ArraySlice<UInt8> {
        guard let part = self.part, part.kind == .string else { return [] }
        let all = self.bytes[part.start..<part.end]
        return all.lastIndex(of: UInt8(ascii: ":")).map { all[($0 + 1)...] } ?? all
    }

    private func isName(_ name: String, at index: Int) -> Bool {
        let part = self.parts[index]
        let name = name.utf8
        guard part.end - part.start == name.count else { return false }
        var offset = part.start
        for byte in name {
            guard self.bytes[offset] == byte else { return false }
            offset += 1
        }
        return true
    }
}

/// Reads one JSON document that holds whole traces, event by event, without a tree of all of it.
struct DocumentReader {
    private let bytes: [UInt8]
    private let start: Int

    /// Nil where the bytes are not such a document.
    init?(_ bytes: [UInt8]) throws(QlogError) {
        self.bytes = bytes
        var start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        while start < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[start]) { start += 1 }
        self.start = start
        guard start < bytes.count, bytes[start] == UInt8(ascii: "{"), Self.hasTraces(bytes, start) else { return nil }
    }

    /// Whether the first object has a member `traces`.
    private static func hasTraces(_ bytes: [UInt8], _ start: Int) -> Bool {
        var text = JSONText(bytes, at: start + 1)
        var tape = JSONTape()
        do throws(JSONFault) {
            text.skipSpace()
            while text.next != UInt8(ascii: "}") {
                if bytes[try text.name()].elementsEqual("traces".utf8) { return true }
                text.offset = try tape.read(bytes, from: text.offset)
                if try text.separator(orEnd: UInt8(ascii: "}")) { return false }
            }
        } catch {
            // Whoever reads it next says where.
        }
        return false
    }

    func traces() throws(QlogError) -> [QlogTrace] {
        var reading = Reading(bytes: self.bytes, start: self.start)
        do throws(JSONFault) {
            try reading.document()
        } catch {
            guard error.isCutOff, !reading.builder.isEmpty else { throw QlogReader.error(error, in: self.bytes) }
            reading.builder.note("the document is cut off: what is shown ends there")
        }
        return reading.end()
    }
}

/// The document as far as it was read.
private struct Reading {
    var builder = TraceBuilder()
    private var text: JSONText
    private var tape = JSONTape()
    private var finished: [TraceBuilder] = []
    /// The top of a document, which may also come behind its traces.
    private var head: [(inout TraceBuilder) -> Void] = []

    init(bytes: [UInt8], start: Int) { self.text = JSONText(bytes, at: start) }

    mutating func end() -> [QlogTrace] {
        (self.finished + [self.builder]).map { builder in
            var builder = builder
            for describe in self.head { describe(&builder) }
            return builder.finish()
        }
    }

    mutating func document() throws(JSONFault) {
        try self.object { (reading, name) throws(JSONFault) in
            guard name == "traces" else {
                let value = try reading.value()
                switch name {
                case "qlog_version": reading.head.append { $0.describe(version: value.text) }
                case "title": reading.head.append { $0.describe(title: value.text) }
                default: break
                }
                return
            }
            try reading.array { (reading) throws(JSONFault) in
                try reading.trace()
                reading.finished.append(reading.builder)
                reading.builder = TraceBuilder()
            }
        }
        self.text.skipSpace()
        guard self.text.next == nil else { throw self.text.fault("the end of the document") }
    }

    private mutating func trace() throws(JSONFault) {
        try self.object { (reading, name) throws(JSONFault) in
            if name == "events" {
                try reading.array { (reading) throws(JSONFault) in reading.builder.add(event: try reading.value()) }
            } else {
                reading.builder.describe(member: name, try reading.value())
            }
        }
    }

    private mutating func value() throws(JSONFault) -> JSONValue {
        self.text.offset = try self.tape.read(self.text.bytes, from: self.text.offset)
        return self.tape.root(of: self.text.bytes)
    }

    private mutating func object(
        _ member: (inout Reading, _ name: String) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try self.open(UInt8(ascii: "{"), "an object")
        if try self.isEmpty(UInt8(ascii: "}")) { return }
        repeat {
            let name = String(decoding: self.text.bytes[try self.text.name()], as: UTF8.self)
            try member(&self, name)
        } while try !self.text.separator(orEnd: UInt8(ascii: "}"))
    }

    private mutating func array(_ element: (inout Reading) throws(JSONFault) -> Void) throws(JSONFault) {
        try self.open(UInt8(ascii: "["), "an array")
        if try self.isEmpty(UInt8(ascii: "]")) { return }
        repeat {
            try element(&self)
        } while try !self.text.separator(orEnd: UInt8(ascii: "]"))
    }

    private mutating func open(_ byte: UInt8, _ expected: String) throws(JSONFault) {
        self.text.skipSpace()
        try self.text.take(byte, expected)
    }

    private mutating func isEmpty(_ close: UInt8) throws(JSONFault) -> Bool {
        self.text.skipSpace()
        guard self.text.next == close else { return false }
        self.text.offset += 1
        return true
    }
}

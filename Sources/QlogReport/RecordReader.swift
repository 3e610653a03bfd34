/// Reads a trace of one record a line.
struct RecordReader {
    private let bytes: [UInt8]
    private var offset = 0
    private var tape = JSONTape()
    private var finished: [QlogTrace] = []
    private var builder = TraceBuilder()

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func traces() throws(QlogError) -> [QlogTrace] {
        self.skipSeparators()
        while self.offset < self.bytes.count {
            do throws(JSONFault) {
                self.offset = try self.tape.read(self.bytes, from: self.offset)
                try self.checkEnd()
            } catch {
                guard error.isCutOff, !self.builder.isEmpty else { throw QlogReader.error(error, in: self.bytes) }
                self.builder.note("the last record is cut off: what is shown ends before it")
                break
            }
            self.add()
            self.skipSeparators()
        }
        return self.finished + [self.builder.finish()]
    }

    /// Behind a record there is the end of the line, or the next separator.
    private func checkEnd() throws(JSONFault) {
        var index = self.offset
        while index < self.bytes.count, [0x20, 0x0d, 0x09].contains(self.bytes[index]) { index += 1 }
        guard index == self.bytes.count || self.bytes[index] == 0x0a || self.bytes[index] == 0x1e else {
            throw JSONText(self.bytes, at: index).fault("the end of the line")
        }
    }

    private mutating func add() {
        let record = self.tape.root(of: self.bytes)
        guard record["name"].exists else {
            // The header; a second one starts a second trace.
            guard record["qlog_version"].exists || record["trace"].exists else { return self.builder.ignore() }
            if !self.builder.isEmpty {
                self.finished.append(self.builder.finish())
                self.builder = TraceBuilder()
            }
            self.builder.describe(file: record)
            self.builder.describe(trace: record["trace"])
            return
        }
        self.builder.add(event: record)
    }

    /// Passes white space, the separators of JSON-SEQ and a byte order mark.
    private mutating func skipSeparators() {
        if self.offset == 0, self.bytes.starts(with: [0xef, 0xbb, 0xbf]) { self.offset = 3 }
        while self.offset < self.bytes.count, [0x20, 0x0a, 0x0d, 0x09, 0x1e].contains(self.bytes[self.offset]) {
            self.offset += 1
        }
    }
}

/// Reads qlog traces: one record a line, with or without the record separators of RFC 7464, and one JSON document that
/// holds whole traces.
///
///     let traces = try QlogReader.read(bytes)
public enum QlogReader {
    /// Reads all traces of a file.
    public static func read(_ bytes: [UInt8]) throws(QlogError) -> [QlogTrace] {
        var records = RecordReader(bytes)
        var traces: [QlogTrace] = []
        if let document = try DocumentReader(bytes) {
            traces = try document.traces()
        } else {
            traces = try records.traces()
        }
        guard traces.contains(where: { !$0.isEmpty }) else {
            throw QlogError(
                bytes.isEmpty
                    ? "the file is empty"
                    : "there is no qlog event in it: is this a trace of qlog version 0.3 or newer?")
        }
        return traces.filter { !$0.isEmpty }
    }

    /// Names the line of a fault, and the column in bytes.
    static func error(_ fault: JSONFault, in bytes: [UInt8]) -> QlogError {
        let before = bytes[..<min(fault.offset, bytes.count)]
        let line = before.reduce(into: 1) { if $1 == UInt8(ascii: "\n") { $0 += 1 } }
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return QlogError("line \(line) is no JSON: \(fault.reason) (column \(before.count - start + 1))")
    }
}

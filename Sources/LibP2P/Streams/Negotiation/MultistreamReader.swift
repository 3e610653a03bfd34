/// Finds the messages of multistream-select in bytes that come in pieces of any size.
struct MultistreamReader: Sendable {
    private var buffer: ArraySlice<UInt8> = []

    /// Bytes that came behind the last message taken: they belong to the application once a protocol is agreed on.
    var remainder: [UInt8] { Array(self.buffer) }

    /// Adds what came.
    mutating func append(_ bytes: [UInt8]) { self.buffer += bytes }

    /// Takes one text without its line feed; nil where more bytes are needed.
    mutating func next() throws(LibP2PError) -> [UInt8]? {
        var rest = self.buffer
        guard let count = try Self.length(from: &rest), count <= rest.count else { return nil }
        let line = rest.prefix(count)
        guard line.last == UInt8(ascii: "\n") else {
            throw Self.violation("a negotiation message does not end with a line feed")
        }
        self.buffer = rest.dropFirst(count)
        return Array(line.dropLast())
    }

    /// Two bytes at most, so that a length that never ends is refused at the second.
    private static func length(from bytes: inout ArraySlice<UInt8>) throws(LibP2PError) -> Int? {
        guard let low = bytes.popFirst() else { return nil }
        guard low & 0x80 != 0 else {
            guard low > 0 else { throw self.violation("a negotiation message is empty") }
            return Int(low)
        }
        guard let high = bytes.popFirst() else { return nil }
        guard high & 0x80 == 0 else {
            throw self.violation("a negotiation message has more than \(Multistream.maximumByteCount) bytes")
        }
        guard high > 0 else { throw self.violation("the length of a negotiation message is padded") }
        return Int(high) << 7 | Int(low & 0x7F)
    }

    private static func violation(_ words: String) -> LibP2PError { LibP2PError(.protocolViolation, words) }
}

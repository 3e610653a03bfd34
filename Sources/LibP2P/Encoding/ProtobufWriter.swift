/// Makes one protobuf message, field by field; who calls it keeps the order of the numbers.
///
///     var writer = ProtobufWriter()
///     writer.append(1, peer.bytes)
///     writer.append(2, sequence)
///     let message = writer.bytes
struct ProtobufWriter: Sendable {
    /// The message so far.
    private(set) var bytes: [UInt8] = []

    /// Adds an integer, or nothing where there is none.
    mutating func append(_ number: UInt64, _ value: UInt64?) {
        guard let value else { return }
        self.append(varint: number << 3)
        self.append(varint: value)
    }

    /// Adds bytes, or nothing where there are none.
    mutating func append(_ number: UInt64, _ value: [UInt8]?) {
        guard let value else { return }
        self.append(varint: number << 3 | 2)
        self.append(varint: UInt64(value.count))
        self.bytes += value
    }

    /// Adds a text, or nothing where there is none.
    mutating func append(_ number: UInt64, _ value: String?) {
        self.append(number, value.map { Array($0.utf8) })
    }

    /// Adds a field for each element.
    mutating func append(_ number: UInt64, each values: [[UInt8]]) {
        for value in values { self.append(number, value) }
    }

    /// Adds a message inside the message, or nothing where there is none.
    mutating func append(_ number: UInt64, _ message: (some ProtobufMessage)?) {
        self.append(number, message?.encoded)
    }

    /// All 64 bits, which `Varint` does not allow.
    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Walks over the fields of one protobuf message, without trusting it.
///
///     var reader = try ProtobufReader(bytes, of: "PeerRecord", limit: 8_192)
///     while let field = try reader.next() {
///         switch field.number {
///         case 1: id = try field.bytes(limit: 64)
///         case 2: sequence = try field.varint()
///         default: continue  // a later version of the message may have more
///         }
///     }
///
/// It does not descend: a message inside a message is bytes, for a reader of its own. Groups, which protobuf has given
/// up, are refused.
struct ProtobufReader: Sendable {
    /// One field, whose content is a part of the message.
    struct Field: Sendable {
        /// The number that the schema gives the field.
        let number: UInt64
        fileprivate let content: Content
        fileprivate let message: String
    }

    fileprivate enum Content: Sendable {
        case varint(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// Fixed32 or fixed64, which no message of libp2p has: good to be skipped only.
        case fixed
    }

    private let message: String
    private var rest: ArraySlice<UInt8>

    /// Begins with a message of at most `limit` bytes; `message` is its name, for errors.
    init(_ bytes: [UInt8], of message: String, limit: Int) throws(LibP2PError) {
        guard bytes.count <= limit else {
            throw LibP2PError(.tooLong, "a \(message) has at most \(limit) bytes, this one \(bytes.count)")
        }
        self.message = message
        self.rest = bytes[...]
    }

    /// The next field; nil at the end of the message.
    mutating func next() throws(LibP2PError) -> Field? {
        guard !self.rest.isEmpty else { return nil }
        let tag = try self.varint()
        guard tag >> 3 > 0 else { throw LibP2PError(.malformed, "a \(self.message) has a field with the number 0") }
        return Field(number: tag >> 3, content: try self.content(type: tag & 7), message: self.message)
    }

    private mutating func content(type: UInt64) throws(LibP2PError) -> Content {
        switch type {
        case 0: return .varint(try self.varint())
        case 1: return try self.skip(8)
        case 2: return .bytes(try self.take(try self.varint()))
        case 5: return try self.skip(4)
        default: throw LibP2PError(.malformed, "a \(self.message) has a field of wire type \(type)")
        }
    }

    private mutating func skip(_ count: UInt64) throws(LibP2PError) -> Content {
        _ = try self.take(count)
        return .fixed
    }

    private mutating func take(_ count: UInt64) throws(LibP2PError) -> ArraySlice<UInt8> {
        guard let length = Int(exactly: count), length <= self.rest.count else {
            throw LibP2PError(.truncated, "a \(self.message) claims \(count) bytes where \(self.rest.count) are left")
        }
        defer { self.rest = self.rest.dropFirst(length) }
        return self.rest.prefix(length)
    }

    /// Protobuf's own varint has 64 bits, hence up to ten bytes, and need not be minimal.
    private mutating func varint() throws(LibP2PError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<10 {
            guard let byte = self.rest.popFirst() else {
                throw LibP2PError(.truncated, "a \(self.message) breaks off in an integer")
            }
            guard index < 9 || byte <= 1 else { break }
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte & 0x80 == 0 { return value }
        }
        throw LibP2PError(.tooLong, "a \(self.message) has an integer of more than 64 bits")
    }
}

extension ProtobufReader.Field {
    /// The field as an integer.
    func varint() throws(LibP2PError) -> UInt64 {
        guard case .varint(let value) = self.content else { throw self.mismatch("an integer") }
        return value
    }

    /// The field as at most `limit` bytes.
    func bytes(limit: Int) throws(LibP2PError) -> [UInt8] {
        guard case .bytes(let bytes) = self.content else { throw self.mismatch("bytes") }
        guard bytes.count <= limit else {
            throw LibP2PError(
                .tooLong,
                "field \(self.number) of a \(self.message) has at most \(limit) bytes, this one \(bytes.count)")
        }
        return Array(bytes)
    }

    /// The field as a text of at most `limit` bytes; nil where it is not UTF-8.
    func text(limit: Int) throws(LibP2PError) -> String? {
        String(validating: try self.bytes(limit: limit), as: UTF8.self)
    }

    /// Adds the field's bytes to a list of at most `count` elements.
    func append(to list: inout [[UInt8]], limit: Int, count: Int) throws(LibP2PError) {
        guard list.count < count else { throw self.overflow(count) }
        list.append(try self.bytes(limit: limit))
    }

    /// The error for a field that is there more than `count` times.
    func overflow(_ count: Int) -> LibP2PError {
        LibP2PError(.tooLong, "a \(self.message) has field \(self.number) at most \(count) times")
    }

    private func mismatch(_ expected: String) -> LibP2PError {
        LibP2PError(.malformed, "field \(self.number) of a \(self.message) is not \(expected)")
    }
}

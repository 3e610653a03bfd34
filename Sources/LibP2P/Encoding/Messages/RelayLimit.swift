/// What a relayed connection may use (circuit-relay v2 §Protobuf, `Limit`); nil or 0: no limit.
struct RelayLimit: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 1_024

    /// How long it may last, in seconds.
    let duration: UInt32?
    /// How many bytes it may carry in each direction.
    let data: UInt64?

    init(duration: UInt32?, data: UInt64?) {
        self.duration = duration
        self.data = data
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var duration: UInt32?
        var data: UInt64?
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            // A longer time than the field has room for is as good as the longest.
            case 1: duration = UInt32(clamping: try field.varint())
            case 2: data = try field.varint()
            default: break
            }
        }
        self.init(duration: duration, data: data)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.duration.map(UInt64.init))
        writer.append(2, self.data)
        return writer.bytes
    }
}

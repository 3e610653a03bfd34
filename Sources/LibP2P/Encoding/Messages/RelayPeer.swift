/// A peer in the messages of relays: who, and where (circuit-relay v2 §Protobuf, `Peer`).
struct RelayPeer: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 4_096

    /// Who it is.
    let id: PeerID
    /// Where it may be reached, in binary form.
    let addresses: [[UInt8]]

    init(id: PeerID, addresses: [[UInt8]] = []) {
        self.id = id
        self.addresses = addresses
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var id: PeerID?
        var addresses: [[UInt8]] = []
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: id = try PeerID(try field.bytes(limit: 64))
            case 2:
                try field.append(to: &addresses, limit: AddressListLimits.byteCount, count: AddressListLimits.count)
            default: break
            }
        }
        guard let id else { throw Self.missing("an id") }
        self.init(id: id, addresses: addresses)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.id.bytes)
        writer.append(2, each: self.addresses)
        return writer.bytes
    }
}

/// The addresses of a peer as the peer itself states them, to be signed (RFC 0003 of libp2p §Address Record).
struct PeerRecord: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 8_192
    /// What signatures over records are for; all implementations use this text.
    static let domain = "libp2p-peer-record"
    /// The payload type in an envelope: code 0x0301, as two plain bytes.
    static let payloadType: [UInt8] = [0x03, 0x01]

    /// Whose addresses these are.
    let peerID: PeerID
    /// A record replaces those with a lower number.
    let sequence: UInt64
    /// The addresses, in binary form.
    let addresses: [[UInt8]]

    init(peerID: PeerID, sequence: UInt64, addresses: [[UInt8]]) {
        self.peerID = peerID
        self.sequence = sequence
        self.addresses = addresses
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var peerID: PeerID?
        var sequence: UInt64 = 0
        var addresses: [[UInt8]] = []
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: peerID = try PeerID(try field.bytes(limit: 64))
            case 2: sequence = try field.varint()
            case 3: addresses += try Self.address(in: field, after: addresses.count)
            default: break
            }
        }
        guard let peerID else { throw Self.missing("the id of the peer") }
        self.init(peerID: peerID, sequence: sequence, addresses: addresses)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.peerID.bytes)
        writer.append(2, self.sequence)
        for address in self.addresses {
            var info = ProtobufWriter()
            info.append(1, address)
            writer.append(3, info.bytes)
        }
        return writer.bytes
    }

    /// Each address is a message of its own, AddressInfo, with one field.
    private static func address(
        in field: ProtobufReader.Field, after count: Int
    ) throws(LibP2PError) -> [[UInt8]] {
        guard count < AddressListLimits.count else { throw field.overflow(AddressListLimits.count) }
        var address: [UInt8]?
        var reader = try ProtobufReader(
            try field.bytes(limit: self.maximumByteCount), of: "AddressInfo", limit: self.maximumByteCount)
        while let field = try reader.next() {
            if field.number == 1 { address = try field.bytes(limit: AddressListLimits.byteCount) }
        }
        return address.map { [$0] } ?? []
    }
}

/// A relay's word that it keeps a place for a peer, to be signed (circuit-relay v2 §Reservation Vouchers).
struct ReservationVoucher: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 1_024
    /// What signatures over vouchers are for.
    static let domain = "libp2p-relay-rsvp"
    /// The payload type in an envelope: code 0x0302, as two plain bytes.
    static let payloadType: [UInt8] = [0x03, 0x02]

    /// Who relays.
    let relay: PeerID
    /// Who has the place.
    let peer: PeerID
    /// When it ends, in seconds since 1970.
    let expiration: UInt64

    init(relay: PeerID, peer: PeerID, expiration: UInt64) {
        self.relay = relay
        self.peer = peer
        self.expiration = expiration
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var relay: PeerID?
        var peer: PeerID?
        var expiration: UInt64?
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: relay = try PeerID(try field.bytes(limit: 64))
            case 2: peer = try PeerID(try field.bytes(limit: 64))
            case 3: expiration = try field.varint()
            default: break
            }
        }
        guard let relay, let peer, let expiration else { throw Self.missing("a relay, a peer and an end") }
        self.init(relay: relay, peer: peer, expiration: expiration)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.relay.bytes)
        writer.append(2, self.peer.bytes)
        writer.append(3, self.expiration)
        return writer.bytes
    }
}

/// The place that a relay keeps for a peer (circuit-relay v2 §Protobuf, `Reservation`).
struct RelayReservation: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 4_096

    /// When it ends, in seconds since 1970.
    let expiration: UInt64
    /// The relay's own addresses, in binary form, for the peer to make relayed ones of.
    let addresses: [[UInt8]]
    /// A ``SignedEnvelope`` with a ``ReservationVoucher``.
    let voucher: [UInt8]?

    init(expiration: UInt64, addresses: [[UInt8]] = [], voucher: [UInt8]? = nil) {
        self.expiration = expiration
        self.addresses = addresses
        self.voucher = voucher
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var expiration: UInt64?
        var addresses: [[UInt8]] = []
        var voucher: [UInt8]?
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: expiration = try field.varint()
            case 2:
                try field.append(to: &addresses, limit: AddressListLimits.byteCount, count: AddressListLimits.count)
            case 3: voucher = try field.bytes(limit: Self.maximumByteCount)
            default: break
            }
        }
        guard let expiration else { throw Self.missing("its end") }
        self.init(expiration: expiration, addresses: addresses, voucher: voucher)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.expiration)
        writer.append(2, each: self.addresses)
        writer.append(3, self.voucher)
        return writer.bytes
    }
}

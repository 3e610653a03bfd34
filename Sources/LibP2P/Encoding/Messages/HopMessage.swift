/// What a peer and its relay say on `/libp2p/circuit/relay/0.2.0/hop` (circuit-relay v2 §Protobuf).
struct HopMessage: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 4_096

    /// What the message is for.
    enum Kind: UInt64, Sendable {
        /// Keep a place for me.
        case reserve = 0
        /// Connect me to a peer that has a place.
        case connect = 1
        /// The answer to either.
        case status = 2
    }

    /// What the message is for.
    let kind: Kind
    /// Whom to connect to.
    var peer: RelayPeer?
    /// The place that is kept.
    var reservation: RelayReservation?
    /// What a relayed connection may use.
    var limit: RelayLimit?
    /// How it went.
    var status: RelayStatus?

    init(
        _ kind: Kind, peer: RelayPeer? = nil, reservation: RelayReservation? = nil, limit: RelayLimit? = nil,
        status: RelayStatus? = nil
    ) {
        self.kind = kind
        self.peer = peer
        self.reservation = reservation
        self.limit = limit
        self.status = status
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var kind: Kind?
        var parts = HopMessage(.status)
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: kind = try Self.kind(try field.varint())
            case 2: parts.peer = try RelayPeer(decoding: try field.bytes(limit: RelayPeer.maximumByteCount))
            case 3:
                let bytes = try field.bytes(limit: RelayReservation.maximumByteCount)
                parts.reservation = try RelayReservation(decoding: bytes)
            case 4: parts.limit = try RelayLimit(decoding: try field.bytes(limit: RelayLimit.maximumByteCount))
            case 5: parts.status = RelayStatus(rawValue: try field.varint())
            default: break
            }
        }
        guard let kind else { throw Self.missing("a type") }
        self.init(
            kind, peer: parts.peer, reservation: parts.reservation, limit: parts.limit, status: parts.status)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.kind.rawValue)
        writer.append(2, self.peer)
        writer.append(3, self.reservation)
        writer.append(4, self.limit)
        writer.append(5, self.status?.rawValue)
        return writer.bytes
    }

    private static func kind(_ number: UInt64) throws(LibP2PError) -> Kind {
        guard let kind = Kind(rawValue: number) else {
            throw LibP2PError(.malformed, "a \(self.name) is of type 0, 1 or 2, not \(number)")
        }
        return kind
    }
}

/// What a relay and the peer behind it say on `/libp2p/circuit/relay/0.2.0/stop` (circuit-relay v2 §Protobuf).
struct StopMessage: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 4_096

    /// What the message is for.
    enum Kind: UInt64, Sendable {
        /// A peer wants to be connected to you.
        case connect = 0
        /// The answer.
        case status = 1
    }

    /// What the message is for.
    let kind: Kind
    /// Who wants to be connected.
    var peer: RelayPeer?
    /// What the relayed connection may use.
    var limit: RelayLimit?
    /// How it went.
    var status: RelayStatus?

    init(_ kind: Kind, peer: RelayPeer? = nil, limit: RelayLimit? = nil, status: RelayStatus? = nil) {
        self.kind = kind
        self.peer = peer
        self.limit = limit
        self.status = status
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var kind: Kind?
        var parts = StopMessage(.status)
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: kind = try Self.kind(try field.varint())
            case 2: parts.peer = try RelayPeer(decoding: try field.bytes(limit: RelayPeer.maximumByteCount))
            case 3: parts.limit = try RelayLimit(decoding: try field.bytes(limit: RelayLimit.maximumByteCount))
            case 4: parts.status = RelayStatus(rawValue: try field.varint())
            default: break
            }
        }
        guard let kind else { throw Self.missing("a type") }
        self.init(kind, peer: parts.peer, limit: parts.limit, status: parts.status)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.kind.rawValue)
        writer.append(2, self.peer)
        writer.append(3, self.limit)
        writer.append(4, self.status?.rawValue)
        return writer.bytes
    }

    private static func kind(_ number: UInt64) throws(LibP2PError) -> Kind {
        guard let kind = Kind(rawValue: number) else {
            throw LibP2PError(.malformed, "a \(self.name) is of type 0 or 1, not \(number)")
        }
        return kind
    }
}

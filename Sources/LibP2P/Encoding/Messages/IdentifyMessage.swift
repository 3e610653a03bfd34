/// What a peer says of itself, as it goes over the wire (identify §The Identify Message). Nothing in it is proven but
/// what the signed record says, and that only once it is opened.
struct IdentifyMessage: ProtobufMessage {
    /// The most bytes that are accepted in one message; a peer may split what it has to say over several.
    static let maximumByteCount = 8_192
    /// The most messages that are merged into one.
    static let maximumPartCount = 10
    /// The most protocols that a peer may list.
    static let maximumProtocolCount = 1_024
    /// The longest version texts.
    static let maximumVersionByteCount = 1_024

    /// The encoded ``PublicKeyMessage``.
    var publicKey: [UInt8]?
    /// The addresses that the peer listens on, in binary form.
    var listenAddresses: [[UInt8]] = []
    /// The protocols that the peer serves.
    var protocols: [ProtocolID] = []
    /// The address that the peer sees us at, in binary form.
    var observedAddress: [UInt8]?
    /// What family of protocols the peer belongs to, such as `ipfs/0.1.0`.
    var protocolVersion: String?
    /// The peer's software.
    var agentVersion: String?
    /// A ``SignedEnvelope`` with a ``PeerRecord``.
    var signedPeerRecord: [UInt8]?

    init() {}

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var reader = try Self.reader(bytes)
        while let field = try reader.next() { try self.take(field) }
    }

    var encoded: [UInt8] { self.fields.flatMap(\.self) }

    /// The messages to send, none of which has more than `limit` bytes: one where everything fits, as many receivers
    /// read no more. What does not fit ``maximumPartCount`` messages is left out, from the end.
    func parts(limit: Int = 4_096) -> [[UInt8]] {
        var parts: [[UInt8]] = [[]]
        for field in self.fields where field.count <= limit {
            if let last = parts.last, last.count + field.count > limit {
                guard parts.count < Self.maximumPartCount else { break }
                parts.append([])
            }
            parts[parts.count - 1] += field
        }
        return parts
    }

    /// Adds what a further part says, within the limits for all of them: lists grow, the rest is replaced.
    mutating func merge(_ part: IdentifyMessage) throws(LibP2PError) {
        guard self.listenAddresses.count + part.listenAddresses.count <= AddressListLimits.count,
            self.protocols.count + part.protocols.count <= Self.maximumProtocolCount
        else {
            throw LibP2PError(
                .tooLong,
                "a peer lists at most \(AddressListLimits.count) addresses and \(Self.maximumProtocolCount) protocols")
        }
        self.listenAddresses += part.listenAddresses
        self.protocols += part.protocols
        self.publicKey = part.publicKey ?? self.publicKey
        self.observedAddress = part.observedAddress ?? self.observedAddress
        self.protocolVersion = part.protocolVersion ?? self.protocolVersion
        self.agentVersion = part.agentVersion ?? self.agentVersion
        self.signedPeerRecord = part.signedPeerRecord ?? self.signedPeerRecord
    }

    private mutating func take(_ field: ProtobufReader.Field) throws(LibP2PError) {
        switch field.number {
        case 1: self.publicKey = try field.bytes(limit: Self.maximumByteCount)
        case 2:
            try field.append(
                to: &self.listenAddresses, limit: AddressListLimits.byteCount, count: AddressListLimits.count)
        case 3: try self.takeProtocol(field)
        case 4: self.observedAddress = try field.bytes(limit: AddressListLimits.byteCount)
        case 5: self.protocolVersion = try field.text(limit: Self.maximumVersionByteCount)
        case 6: self.agentVersion = try field.text(limit: Self.maximumVersionByteCount)
        case 8: self.signedPeerRecord = try field.bytes(limit: Self.maximumByteCount)
        default: break
        }
    }

    /// A name that could not be asked for is of no use to anybody, and no reason to know nothing of the peer.
    private mutating func takeProtocol(_ field: ProtobufReader.Field) throws(LibP2PError) {
        guard self.protocols.count < Self.maximumProtocolCount else {
            throw field.overflow(Self.maximumProtocolCount)
        }
        guard let name = try field.text(limit: Self.maximumByteCount), ProtocolID(name).isValid else { return }
        self.protocols.append(ProtocolID(name))
    }

    /// Each field on its own, those that receivers need most first.
    private var fields: [[UInt8]] {
        var fields = [
            Self.field { $0.append(1, self.publicKey) }, Self.field { $0.append(4, self.observedAddress) },
            Self.field { $0.append(5, self.protocolVersion) }, Self.field { $0.append(6, self.agentVersion) },
        ]
        fields += self.listenAddresses.map { address in Self.field { $0.append(2, address) } }
        fields += self.protocols.map { name in Self.field { $0.append(3, name.description) } }
        return fields + [Self.field { $0.append(8, self.signedPeerRecord) }]
    }

    private static func field(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        write(&writer)
        return writer.bytes
    }
}

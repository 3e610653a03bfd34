/// Bytes with a signature and the key that made it (RFC 0002 of libp2p §Wire Format).
///
/// To decode one says nothing of the signature.
struct SignedEnvelope: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 8_192

    /// The key of who signed.
    let publicKey: PublicKeyMessage
    /// What kind of payload it is, a code of multiformats.
    let payloadType: [UInt8]
    /// What was signed.
    let payload: [UInt8]
    /// The signature over ``signedBytes(domain:payloadType:payload:)``.
    let signature: [UInt8]

    init(publicKey: PublicKeyMessage, payloadType: [UInt8], payload: [UInt8], signature: [UInt8]) {
        self.publicKey = publicKey
        self.payloadType = payloadType
        self.payload = payload
        self.signature = signature
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var key: PublicKeyMessage?
        var (payloadType, payload, signature): ([UInt8], [UInt8], [UInt8]) = ([], [], [])
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try PublicKeyMessage(decoding: try field.bytes(limit: Self.maximumByteCount))
            case 2: payloadType = try field.bytes(limit: 16)
            case 3: payload = try field.bytes(limit: Self.maximumByteCount)
            case 5: signature = try field.bytes(limit: 2_048)
            default: break
            }
        }
        guard let key else { throw Self.missing("the key of who signed") }
        guard !signature.isEmpty else { throw Self.missing("a signature") }
        self.init(publicKey: key, payloadType: payloadType, payload: payload, signature: signature)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.publicKey.encoded)
        writer.append(2, self.payloadType)
        writer.append(3, self.payload)
        writer.append(5, self.signature)
        return writer.bytes
    }

    /// The bytes that the signature is over: the three parts, each with its length in front.
    static func signedBytes(domain: String, payloadType: [UInt8], payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in [Array(domain.utf8), payloadType, payload] {
            Varint.append(countOf: part, to: &bytes)
            bytes += part
        }
        return bytes
    }
}

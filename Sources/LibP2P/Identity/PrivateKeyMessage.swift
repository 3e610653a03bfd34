/// The protobuf message `PrivateKey` that key files hold (peer-ids §Keys): like ``PublicKeyMessage``, in one encoding only.
struct PrivateKeyMessage: Hashable, Sendable {
    /// The longest encoded message: RSA of 8192 bits takes some 4,700 bytes.
    static let maximumByteCount = 8_192

    let type: PublicKeyMessage.KeyType
    let key: [UInt8]

    init(type: PublicKeyMessage.KeyType, key: [UInt8]) {
        self.type = type
        self.key = key
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw LibP2PError(
                .tooLong, "a private key message has at most \(Self.maximumByteCount) bytes, not \(bytes.count)")
        }
        let fields = try KeyFields(decoding: bytes, what: "private key")
        self.init(type: fields.type, key: fields.key)
    }

    var encoded: [UInt8] { KeyFields(type: self.type, key: self.key).encoded }
}

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
        var rest = bytes[...]
        try Self.readTag(Self.typeTag, of: "key type", from: &rest)
        let number = try Varint.read(from: &rest)
        guard let type = PublicKeyMessage.KeyType(rawValue: number) else {
            throw LibP2PError(.unsupported, "key type \(number) is none of RSA, Ed25519, Secp256k1 and ECDSA")
        }
        try Self.readTag(Self.keyTag, of: "key bytes", from: &rest)
        let count = try Varint.read(from: &rest)
        guard count <= UInt64(rest.count) else {
            throw LibP2PError(.truncated, "a private key of \(count) bytes breaks off after \(rest.count)")
        }
        guard count == UInt64(rest.count) else {
            throw LibP2PError(.trailingBytes, "the private key is followed by \(UInt64(rest.count) - count) bytes")
        }
        self.type = type
        self.key = Array(rest)
    }

    var encoded: [UInt8] {
        var bytes = [Self.typeTag, UInt8(truncatingIfNeeded: self.type.rawValue), Self.keyTag]
        Varint.append(countOf: self.key, to: &bytes)
        return bytes + self.key
    }

    /// Field 1 as a varint.
    private static let typeTag: UInt8 = 1 << 3 | 0
    /// Field 2 with a length.
    private static let keyTag: UInt8 = 2 << 3 | 2

    private static func readTag(
        _ tag: UInt8, of field: String, from bytes: inout ArraySlice<UInt8>
    ) throws(LibP2PError) {
        guard let found = bytes.popFirst() else {
            throw LibP2PError(.truncated, "the private key message breaks off before the \(field)")
        }
        guard found == tag else {
            throw LibP2PError(
                .malformed, "the private key message has tag 0x\(String(found, radix: 16)) instead of the \(field)")
        }
    }
}

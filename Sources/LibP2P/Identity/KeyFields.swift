/// The two fields that the protobuf messages of public and private keys have (peer-ids §Keys): in this order, both there,
/// with minimal varints, and nothing else. Any other encoding is refused, or one key would have several ids.
struct KeyFields {
    let type: PublicKeyMessage.KeyType
    let key: [UInt8]

    init(type: PublicKeyMessage.KeyType, key: [UInt8]) {
        self.type = type
        self.key = key
    }

    /// Decodes a message that fills `bytes` to the end; `what` is what the message is called.
    init(decoding bytes: [UInt8], what: String) throws(LibP2PError) {
        var rest = bytes[...]
        try Self.readTag(Self.typeTag, of: "key type", from: &rest, what)
        let number = try Varint.read(from: &rest)
        guard let type = PublicKeyMessage.KeyType(rawValue: number) else {
            throw LibP2PError(.unsupported, "key type \(number) is none of RSA, Ed25519, Secp256k1 and ECDSA")
        }
        try Self.readTag(Self.keyTag, of: "key bytes", from: &rest, what)
        let count = try Varint.read(from: &rest)
        guard count <= UInt64(rest.count) else {
            throw LibP2PError(.truncated, "a \(what) of \(count) bytes breaks off after \(rest.count)")
        }
        guard count == UInt64(rest.count) else {
            throw LibP2PError(.trailingBytes, "the \(what) is followed by \(UInt64(rest.count) - count) bytes")
        }
        self.init(type: type, key: Array(rest))
    }

    /// The message in its only encoding.
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
        _ tag: UInt8, of field: String, from bytes: inout ArraySlice<UInt8>, _ what: String
    ) throws(LibP2PError) {
        guard let found = bytes.popFirst() else {
            throw LibP2PError(.truncated, "the \(what) message breaks off before the \(field)")
        }
        guard found == tag else {
            throw LibP2PError(
                .malformed, "the \(what) message has tag 0x\(String(found, radix: 16)) instead of the \(field)")
        }
    }
}

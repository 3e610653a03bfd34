/// A host's public key as the libp2p certificate extension and peer ids carry it: the protobuf message `PublicKey`.
///
///     let message = try PublicKeyMessage(type: .ed25519, key: rawKey)
///     let peer = PeerID(publicKey: message)
///
/// There is exactly one encoding: two fields in the order of their tags, with minimal varints (peer-ids §Keys). All
/// others are rejected, or one key would have several peer ids.
public struct PublicKeyMessage: Hashable, Sendable {
    /// The kinds of keys, with the numbers that the message uses.
    public enum KeyType: UInt64, Sendable, CaseIterable {
        /// RSA; the key is a DER SubjectPublicKeyInfo.
        case rsa = 0
        /// Ed25519; the key is its 32 bytes.
        case ed25519 = 1
        /// Secp256k1; the key is a compressed point of 33 bytes.
        case secp256k1 = 2
        /// ECDSA on a NIST curve; the key is a DER SubjectPublicKeyInfo.
        case ecdsa = 3

        /// How many bytes a key of this type may have; one of RSA with 8192 bits has some 1062.
        var byteCounts: ClosedRange<Int> {
            switch self {
            case .ed25519: 32...32
            case .secp256k1: 33...33
            case .rsa, .ecdsa: 1...2048
            }
        }
    }

    /// What kind of key this is.
    public let type: KeyType
    /// The key in the form that its type prescribes.
    public let key: [UInt8]

    /// Wraps a key, whose length is checked and nothing else.
    public init(type: KeyType, key: [UInt8]) throws(LibP2PError) {
        guard type.byteCounts.contains(key.count) else {
            throw LibP2PError(.malformed, "\(key.count) bytes are no \(type) public key")
        }
        self.type = type
        self.key = key
    }

    /// Decodes one message that fills `bytes` to the end.
    public init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var rest = bytes[...]
        try Self.readTag(Self.typeTag, of: "key type", from: &rest)
        let number = try Varint.read(from: &rest)
        guard let type = KeyType(rawValue: number) else {
            throw LibP2PError(.unsupported, "key type \(number) is none of RSA, Ed25519, Secp256k1 and ECDSA")
        }
        try Self.readTag(Self.keyTag, of: "key bytes", from: &rest)
        let count = try Varint.read(from: &rest)
        guard count <= UInt64(rest.count) else {
            throw LibP2PError(.truncated, "a key of \(count) bytes breaks off after \(rest.count)")
        }
        guard count == UInt64(rest.count) else {
            throw LibP2PError(.trailingBytes, "the key is followed by \(UInt64(rest.count) - count) bytes")
        }
        try self.init(type: type, key: Array(rest))
    }

    /// The message in its only encoding.
    public var encoded: [UInt8] {
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
            throw LibP2PError(.truncated, "the public key message breaks off before the \(field)")
        }
        guard found == tag else {
            throw LibP2PError(
                .malformed, "the public key message has tag 0x\(String(found, radix: 16)) instead of the \(field)")
        }
    }
}

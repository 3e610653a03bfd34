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
        let fields = try KeyFields(decoding: bytes, what: "public key")
        try self.init(type: fields.type, key: fields.key)
    }

    /// The message in its only encoding.
    public var encoded: [UInt8] { KeyFields(type: self.type, key: self.key).encoded }
}

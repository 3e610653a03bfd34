/// The name of a libp2p host: the hash of its public key, or the key itself where that is short.
///
///     let peer = try PeerID("12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A")
///     if peer == PeerID(publicKey: messageFromCertificate) {
///         print("this is \(peer)")
///     }
public struct PeerID: Hashable, Sendable, CustomStringConvertible {
    /// The longest key message that goes into an id as it is (peer-ids §Peer Ids); longer ones are hashed.
    public static let maximumInlineByteCount = 42

    /// The hash that identifies the peer.
    public let multihash: Multihash

    /// Names the owner of a key.
    public init(publicKey message: PublicKeyMessage) {
        let encoded = message.encoded
        self.multihash =
            encoded.count <= Self.maximumInlineByteCount
            ? Multihash(identityOf: encoded) : Multihash(sha256Of: encoded)
    }

    /// Takes the hash of a key; an identity hash must have 1 to 42 bytes.
    ///
    /// Whether the bytes of an identity hash are a key is not checked: other implementations make ids without one.
    public init(_ multihash: Multihash) throws(LibP2PError) {
        guard !multihash.digest.isEmpty else { throw LibP2PError(.malformed, "an empty hash names no peer") }
        guard multihash.function != .identity || multihash.digest.count <= Self.maximumInlineByteCount else {
            throw LibP2PError(.tooLong, "a peer id holds at most 42 bytes of key, not \(multihash.digest.count)")
        }
        self.multihash = multihash
    }

    /// Parses the binary form, a multihash that fills `bytes` to the end.
    public init(_ bytes: [UInt8]) throws(LibP2PError) {
        try self.init(try Multihash(bytes))
    }

    /// The binary form, which multiaddrs and protobuf messages carry.
    public var bytes: [UInt8] { self.multihash.bytes }

    /// The encoded key message inside the id, or nil where the id is a hash.
    ///
    ///     let key = try peer.inlinePublicKey.map { try PublicKeyMessage(decoding: $0) }
    public var inlinePublicKey: [UInt8]? {
        self.multihash.function == .identity ? self.multihash.digest : nil
    }

    /// The usual text form in base58btc: `12D3Koo…`, `16Uiu2HA…` or `Qm…`.
    public var description: String { Base58.encode(self.bytes) }
}

internal import QUICEngine
internal import Secp256k1

/// The key that a host proves its ``PeerID`` with.
///
///     let key = try PrivateKey.generate()
///     print("I am \(key.peerID)")
///     let signature = try key.sign(Array("hello".utf8))
///     key.publicKey.isValid(signature: signature, of: Array("hello".utf8))  // true
///
/// Whoever has it is the host: keep it in a ``KeyFile``, and print it nowhere. Its description tells the peer id only.
public struct PrivateKey: Sendable, CustomStringConvertible {
    private enum Signer: Sendable {
        case library(SigningKey)
        case secp256k1(secret: [UInt8])
    }

    /// The public half.
    public let publicKey: PublicKey
    private let signer: Signer
    private let content: PrivateKeyMessage

    /// The type of the key.
    public var type: PublicKeyMessage.KeyType { self.content.type }
    /// The name that the key gives its owner.
    public var peerID: PeerID { self.publicKey.peerID }
    /// The owner, not the key.
    public var description: String { "the private key of \(self.peerID)" }

    /// The protobuf message `PrivateKey`, which other implementations read too. It is the secret itself.
    public var encoded: [UInt8] { self.content.encoded }

    /// Makes a new key: Ed25519 unless said otherwise, ECDSA on P-256, RSA of 2048 bits, or secp256k1.
    public static func generate(_ type: PublicKeyMessage.KeyType = .ed25519) throws(LibP2PError) -> PrivateKey {
        switch type {
        case .ed25519:
            try PrivateKey(.ed25519, Self.trying("made") { () throws(EngineError) in try .generate(.ed25519) })
        case .ecdsa:
            try PrivateKey(.ecdsa, Self.trying("made") { () throws(EngineError) in try .generate(.ecdsaP256) })
        case .rsa: try Self.generateRSA(bits: KeyKind.rsaBits.lowerBound)
        case .secp256k1: try Self.generateSecp256k1()
        }
    }

    /// Makes a new RSA key of 2048 to 8192 bits. The longest take many seconds.
    public static func generateRSA(bits: Int) throws(LibP2PError) -> PrivateKey {
        guard KeyKind.rsaBits.contains(bits) else {
            throw LibP2PError(.invalidConfiguration, "an RSA key has 2048 to 8192 bits, not \(bits)")
        }
        return try PrivateKey(.rsa, Self.trying("made") { () throws(EngineError) in try .generate(.rsa(bits: bits)) })
    }

    /// Takes a secret of 32 bytes, from which Ed25519, ECDSA (on P-256) and secp256k1 keys follow; RSA keys do not.
    ///
    /// The secret must be random: it is the key.
    public init(secret: [UInt8], type: PublicKeyMessage.KeyType = .ed25519) throws(LibP2PError) {
        guard secret.count == 32 else {
            throw LibP2PError(.invalidConfiguration, "a secret has 32 bytes, not \(secret.count)")
        }
        switch type {
        case .ed25519:
            try self.init(
                .ed25519, Self.trying("read") { () throws(EngineError) in try SigningKey(ed25519Seed: secret) })
        case .ecdsa:
            try self.init(.ecdsa, Self.trying("read") { () throws(EngineError) in try SigningKey(p256Secret: secret) })
        case .secp256k1: try self.init(secp256k1: secret)
        case .rsa:
            throw LibP2PError(.invalidConfiguration, "no RSA key follows from a secret: generate or decode one")
        }
    }

    /// Decodes the protobuf message `PrivateKey` (peer-ids §Keys): Ed25519 with 64 bytes, or 96 of older files, RSA in
    /// PKCS #1, secp256k1 with 32 bytes, ECDSA in SEC 1 or PKCS #8.
    public init(decoding message: [UInt8]) throws(LibP2PError) {
        let content = try PrivateKeyMessage(decoding: message)
        switch content.type {
        case .ed25519: try self.init(ed25519: content.key)
        case .secp256k1:
            guard content.key.count == 32 else {
                throw LibP2PError(.malformed, "a private secp256k1 key has 32 bytes, not \(content.key.count)")
            }
            try self.init(secp256k1: content.key)
        case .rsa, .ecdsa:
            try self.init(
                content.type, Self.trying("read") { () throws(EngineError) in try SigningKey(der: content.key) })
        }
    }

    /// Signs in the way of the key's type: Ed25519 the message as it is, all others its SHA-256.
    public func sign(_ message: [UInt8]) throws(LibP2PError) -> [UInt8] {
        switch self.signer {
        case .library(let key):
            do { return try key.sign(message) } catch {
                throw LibP2PError(.systemFailed, "the key can't sign: \(error.message)")
            }
        case .secp256k1(let secret):
            guard let signature = Secp256k1Curve.sign(digest: SHA256.digest(of: message), with: secret) else {
                throw LibP2PError(.systemFailed, "libsecp256k1 can't sign")
            }
            return signature
        }
    }

    private init(_ type: PublicKeyMessage.KeyType, _ key: SigningKey) throws(LibP2PError) {
        let secret: [UInt8]
        do { secret = try key.encoded } catch {
            throw LibP2PError(.malformed, "the private key can't be encoded: \(error.message)")
        }
        var info = key.subjectPublicKeyInfo
        switch (type, key.kind) {
        case (.ed25519, .ed25519):
            info = Array(info.suffix(32))
            self.content = PrivateKeyMessage(type: type, key: secret + info)
        case (.rsa, .rsa), (.ecdsa, .ecdsa): self.content = PrivateKeyMessage(type: type, key: secret)
        default: throw LibP2PError(.malformed, "the message says \(type), but the key is \(key.kind)")
        }
        self.publicKey = try PublicKey(PublicKeyMessage(type: type, key: info))
        self.signer = .library(key)
    }

    /// 32 bytes of secret, and the public key once or, in older files, twice.
    private init(ed25519 bytes: [UInt8]) throws(LibP2PError) {
        guard bytes.count == 64 || bytes.count == 96 else {
            throw LibP2PError(.malformed, "a private Ed25519 key has 64 or 96 bytes, not \(bytes.count)")
        }
        try self.init(secret: Array(bytes.prefix(32)))
        let own = self.publicKey.message.key
        guard Array(bytes[32..<64]) == own, bytes.count == 64 || Array(bytes[64...]) == own else {
            throw LibP2PError(.malformed, "the public part of the Ed25519 key does not belong to its secret")
        }
    }

    private init(secp256k1 secret: [UInt8]) throws(LibP2PError) {
        guard Secp256k1Curve.isAvailable else { throw LibP2PError.withoutSecp256k1 }
        guard let point = Secp256k1Curve.point(of: secret) else {
            throw LibP2PError(.malformed, "a secp256k1 secret is neither 0 nor above the curve's order")
        }
        self.content = PrivateKeyMessage(type: .secp256k1, key: secret)
        self.publicKey = try PublicKey(PublicKeyMessage(type: .secp256k1, key: point))
        self.signer = .secp256k1(secret: secret)
    }

    /// Nearly every 32 bytes are a secret of the curve; a second try is for the rest.
    private static func generateSecp256k1() throws(LibP2PError) -> PrivateKey {
        guard Secp256k1Curve.isAvailable else { throw LibP2PError.withoutSecp256k1 }
        let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        return Secp256k1Curve.point(of: secret) == nil
            ? try Self.generateSecp256k1() : try PrivateKey(secp256k1: secret)
    }

    private static func trying(
        _ verb: String, _ body: () throws(EngineError) -> SigningKey
    ) throws(LibP2PError) -> SigningKey {
        do { return try body() } catch {
            throw LibP2PError(.malformed, "the private key can't be \(verb): \(error.message)")
        }
    }
}

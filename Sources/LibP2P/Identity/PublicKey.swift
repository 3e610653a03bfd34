internal import QUICEngine
internal import Secp256k1

/// A host's public key, ready to check signatures with.
///
///     let key = try PublicKey(decoding: messageFromPeer)
///     guard key.isValid(signature: signature, of: record) else { return }
///     print("\(key.peerID) said so")
public struct PublicKey: Hashable, Sendable {
    private enum Verifier: Sendable {
        case library(VerifyingKey)
        case secp256k1
    }

    /// The key as other hosts read it.
    public let message: PublicKeyMessage
    /// The name of the key's owner.
    public let peerID: PeerID
    private let verifier: Verifier

    /// Takes a key of a type that this host can check: Ed25519, RSA of 2048 to 8192 bits, secp256k1, and ECDSA on P-256,
    /// P-384 or P-521.
    ///
    /// Throws `.unsupported` for other sizes and curves, and where there is no libsecp256k1 for a key of that kind;
    /// `.malformed` where the bytes are no key.
    public init(_ message: PublicKeyMessage) throws(LibP2PError) {
        self.message = message
        self.verifier = try Self.verifier(for: message)
        self.peerID = PeerID(publicKey: message)
    }

    /// Decodes the protobuf message `PublicKey` and takes the key.
    public init(decoding bytes: [UInt8]) throws(LibP2PError) {
        try self.init(PublicKeyMessage(decoding: bytes))
    }

    /// Whether the owner of the key signed the message: Ed25519 as it is, all others its SHA-256.
    public func isValid(signature: [UInt8], of message: [UInt8]) -> Bool {
        switch self.verifier {
        case .library(let key): key.isValid(signature: signature, of: message)
        case .secp256k1:
            Secp256k1Curve.isValid(
                signature: signature, digest: SHA256.digest(of: message), point: self.message.key)
        }
    }

    /// Keys are equal by what they are.
    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.message == rhs.message }

    /// Hashes what the key is.
    public func hash(into hasher: inout Hasher) { hasher.combine(self.message) }

    private static func verifier(for message: PublicKeyMessage) throws(LibP2PError) -> Verifier {
        switch message.type {
        case .ed25519:
            do { return .library(try VerifyingKey(ed25519: message.key)) } catch {
                throw LibP2PError(.malformed, "the Ed25519 key can't be used: \(error.message)")
            }
        case .secp256k1:
            guard Secp256k1Curve.isAvailable else { throw LibP2PError.withoutSecp256k1 }
            guard Secp256k1Curve.isPoint(message.key) else {
                throw LibP2PError(.malformed, "the secp256k1 key is no point of the curve")
            }
            return .secp256k1
        case .rsa, .ecdsa: return .library(try Self.readInfo(message))
        }
    }

    /// RSA and ECDSA: a SubjectPublicKeyInfo (peer-ids §Keys).
    private static func readInfo(_ message: PublicKeyMessage) throws(LibP2PError) -> VerifyingKey {
        let key: VerifyingKey
        let encoded: [UInt8]
        do {
            key = try VerifyingKey(subjectPublicKeyInfo: message.key)
            encoded = try key.subjectPublicKeyInfo
        } catch {
            throw LibP2PError(.malformed, "the \(message.type) key can't be read: \(error.message)")
        }
        // One key must have one peer id.
        guard encoded == message.key else {
            throw LibP2PError(.malformed, "the \(message.type) key is not written in DER")
        }
        switch (message.type, key.kind) {
        case (.rsa, .rsa), (.ecdsa, .ecdsa): break
        default: throw LibP2PError(.malformed, "the message says \(message.type), but the key is \(key.kind)")
        }
        // Longer keys let a peer burn our time, shorter ones can be broken.
        guard key.kind.isAcceptable else {
            throw LibP2PError(
                .unsupported,
                message.type == .rsa
                    ? "an RSA key has 2048 to 8192 bits; this is \(key.kind)"
                    : "an ECDSA key is on P-256, P-384 or P-521; this is \(key.kind)")
        }
        return key
    }
}

extension LibP2PError {
    /// What cannot be done in a build without the library.
    static var withoutSecp256k1: LibP2PError {
        LibP2PError(
            .unsupported,
            "this program was built without libsecp256k1: install libsecp256k1-dev and build it again from clean")
    }
}

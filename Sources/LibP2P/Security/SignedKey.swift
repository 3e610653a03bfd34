internal import QUICEngine

/// What the certificate of a host carries to prove that its host key stands behind it (tls §libp2p Public Key Extension):
/// `SEQUENCE { publicKey OCTET STRING, signature OCTET STRING }` in DER.
struct SignedKey: Hashable, Sendable {
    /// 1.3.6.1.4.1.53594.1.1
    static let identifier = "1.3.6.1.4.1.53594.1.1"
    /// The identifier's content octets in DER.
    static let encodedIdentifier: [UInt8] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xa2, 0x5a, 0x01, 0x01]
    /// What is signed begins with this, so that no other signature of the host can stand for it.
    private static let prefix = Array("libp2p-tls-handshake:".utf8)

    /// The protobuf message `PublicKey`.
    let publicKey: [UInt8]
    /// The host key's signature of ``signedMessage(for:)``.
    let signature: [UInt8]

    init(publicKey: [UInt8], signature: [UInt8]) {
        self.publicKey = publicKey
        self.signature = signature
    }

    /// Reads the value of an extension, to its end.
    init?(der: [UInt8]) {
        var outer = DERReader(der)
        guard let sequence = outer.read(0x30), outer.isAtEnd else { return nil }
        var parts = DERReader(sequence.content)
        guard let publicKey = parts.read(0x04), let signature = parts.read(0x04), parts.isAtEnd else { return nil }
        self.init(publicKey: publicKey.content, signature: signature.content)
    }

    var der: [UInt8] {
        Self.element(0x30, Self.element(0x04, self.publicKey) + Self.element(0x04, self.signature))
    }

    /// What the host key signs for a certificate with this key.
    static func signedMessage(for subjectPublicKeyInfo: [UInt8]) -> [UInt8] { self.prefix + subjectPublicKeyInfo }

    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        guard content.count >= 0x80 else { return [tag, UInt8(truncatingIfNeeded: content.count)] + content }
        var length: [UInt8] = []
        var rest = content.count
        while rest > 0 {
            length.insert(UInt8(truncatingIfNeeded: rest), at: 0)
            rest >>= 8
        }
        return [tag, 0x80 | UInt8(truncatingIfNeeded: length.count)] + length + content
    }
}

/// What a key is, as far as it matters for judging one.
package enum KeyKind: Hashable, Sendable, CustomStringConvertible {
    case ed25519
    /// On the NIST curve of so many bits.
    case ecdsa(bits: Int)
    /// With a modulus of so many bits.
    case rsa(bits: Int)
    case other(String)

    package var description: String {
        switch self {
        case .ed25519: "Ed25519"
        case .ecdsa(let bits): "ECDSA P-\(bits)"
        case .rsa(let bits): "RSA of \(bits) bits"
        case .other(let name): name
        }
    }

    /// Ed25519, the curves P-256, P-384 and P-521, and RSA of 2048 to 8192 bits: what is weaker can be forged, and what
    /// is longer lets a peer burn our time.
    package var isAcceptable: Bool {
        switch self {
        case .ed25519: true
        case .ecdsa(let bits): [256, 384, 521].contains(bits)
        case .rsa(let bits): Self.rsaBits.contains(bits)
        case .other: false
        }
    }

    /// The sizes of RSA keys that are used.
    package static let rsaBits = 2_048...8_192
}

internal import CSecp256k1

/// ECDSA on the curve secp256k1, which GnuTLS does not know, by libsecp256k1.
///
/// Where the library was not installed when this was built, ``isAvailable`` is false and everything else says no.
package enum Secp256k1Curve {
    /// Whether the library is there.
    package static let isAvailable = tern_secp256k1_is_available() != 0

    /// The compressed point of a secret of 32 bytes; nil where the secret is 0 or not below the curve's order.
    package static func point(of secret: [UInt8]) -> [UInt8]? {
        guard secret.count == 32, let context = unsafe Self.context.handle else { return nil }
        var point = [UInt8](repeating: 0, count: 33)
        return unsafe tern_secp256k1_point(context, secret, &point) != 0 ? point : nil
    }

    /// Whether 33 bytes are a point of the curve.
    package static func isPoint(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 33, let context = unsafe Self.context.handle else { return false }
        return unsafe tern_secp256k1_is_point(context, bytes) != 0
    }

    /// Signs a digest of 32 bytes: DER, with the lower of both possible S.
    package static func sign(digest: [UInt8], with secret: [UInt8]) -> [UInt8]? {
        guard digest.count == 32, secret.count == 32, let context = unsafe Self.context.handle else { return nil }
        // A SEQUENCE of two integers of at most 33 bytes.
        var signature = [UInt8](repeating: 0, count: 72)
        var count = signature.count
        guard unsafe tern_secp256k1_sign(context, digest, secret, &signature, &count) != 0 else { return nil }
        return Array(signature.prefix(count))
    }

    /// Whether the owner of a point signed the digest. Either S counts.
    package static func isValid(signature: [UInt8], digest: [UInt8], point: [UInt8]) -> Bool {
        guard digest.count == 32, point.count == 33, let context = unsafe Self.context.handle else { return false }
        return unsafe tern_secp256k1_verify(context, signature, signature.count, digest, point) != 0
    }

    private static let context = Context()

    /// Never freed: it lives as long as the process.
    @safe private struct Context: @unchecked Sendable {
        // Sendable because the library only reads a context once it is made.
        let handle: OpaquePointer?

        init() {
            let blind = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
            unsafe self.handle = tern_secp256k1_make(blind)
        }
    }
}

/// A digest that names the function it comes from: `<function> <length> <digest>`, the first two as varints.
///
///     let hash = Multihash(sha256Of: Array("hello".utf8))
///     hash.bytes  // 12 20 2c f2 4d …
///     try Multihash(hash.bytes) == hash  // true
public struct Multihash: Hashable, Sendable {
    /// The functions that peer ids use; all others are rejected.
    public enum Function: UInt64, Sendable {
        /// The digest is the data itself.
        case identity = 0x00
        /// SHA-256 with all its 32 bytes.
        case sha256 = 0x12
    }

    /// The function that made the digest.
    public let function: Function
    /// The digest alone.
    public let digest: [UInt8]

    /// Takes `data` as its own digest.
    public init(identityOf data: [UInt8]) {
        self.function = .identity
        self.digest = data
    }

    /// Hashes `data` with SHA-256.
    public init(sha256Of data: [UInt8]) {
        self.function = .sha256
        self.digest = SHA256.digest(of: data)
    }

    /// Parses one multihash that fills `bytes` to the end.
    public init(_ bytes: [UInt8]) throws(LibP2PError) {
        var rest = bytes[...]
        let code = try Varint.read(from: &rest)
        guard let function = Function(rawValue: code) else {
            let hex = String(code, radix: 16)
            throw LibP2PError(.unsupported, "hash function 0x\(hex) is neither identity (0x0) nor sha2-256 (0x12)")
        }
        let count = try Varint.read(from: &rest)
        guard function == .identity || count == UInt64(SHA256.digestByteCount) else {
            throw LibP2PError(.malformed, "a sha2-256 digest has 32 bytes, this one claims \(count)")
        }
        guard count <= UInt64(rest.count) else {
            throw LibP2PError(.truncated, "a digest of \(count) bytes breaks off after \(rest.count)")
        }
        guard count == UInt64(rest.count) else {
            throw LibP2PError(.trailingBytes, "a digest of \(count) bytes is followed by \(UInt64(rest.count) - count)")
        }
        self.function = function
        self.digest = Array(rest)
    }

    /// The function, the length and the digest, as they go over the wire.
    public var bytes: [UInt8] {
        var bytes = [UInt8(truncatingIfNeeded: self.function.rawValue)]
        Varint.append(countOf: self.digest, to: &bytes)
        return bytes + self.digest
    }
}

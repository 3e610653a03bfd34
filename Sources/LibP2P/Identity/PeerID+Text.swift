extension PeerID {
    /// Parses either text form: base58btc (`12D3Koo…`, `Qm…`), or a CID of version 1 in base32 (`b…`), base36 (`k…`) or
    /// base58btc (`z…`).
    public init(_ text: String) throws(LibP2PError) {
        // peer-ids §Decoding: these two beginnings cannot be a CID.
        if text.hasPrefix("1") || text.hasPrefix("Qm") {
            try self.init(try Base58.decode(text[...]))
        } else {
            try self.init(cid: try Self.decodeMultibase(text))
        }
    }

    private static func decodeMultibase(_ text: String) throws(LibP2PError) -> [UInt8] {
        let digits = text.dropFirst()
        switch text.first {
        case "b": return try Base32.decode(digits)
        case "k": return try Base36.decode(digits)
        case "z": return try Base58.decode(digits)
        case nil: throw LibP2PError(.truncated, "an empty text names no peer")
        default:
            throw LibP2PError(.unsupported, "a peer id begins with 1, Qm, b (base32), k (base36) or z (base58btc)")
        }
    }

    /// A CID is `<version> <codec> <multihash>`, the first two as varints.
    private init(cid bytes: [UInt8]) throws(LibP2PError) {
        var rest = bytes[...]
        let version = try Varint.read(from: &rest)
        guard version == 1 else {
            throw LibP2PError(.unsupported, "the CID of a peer has version 1, not \(version)")
        }
        let codec = try Varint.read(from: &rest)
        guard codec == Self.libp2pKeyCodec else {
            let hex = String(codec, radix: 16)
            throw LibP2PError(.unsupported, "the CID names content of type 0x\(hex), not a libp2p key (0x72)")
        }
        try self.init(Array(rest))
    }

    private static let libp2pKeyCodec: UInt64 = 0x72
}

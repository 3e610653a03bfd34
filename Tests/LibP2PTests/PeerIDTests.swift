internal import LibP2P
internal import Testing

@Suite struct PeerIDTests {
    /// One key of a type, with the forms of its peer id as worked out with Python's big integers and `hashlib`.
    struct Example: Sendable {
        let type: PublicKeyMessage.KeyType
        let key: [UInt8]
        let base58: String
        let cids: [String]
    }

    static let known: [Example] = [
        Example(
            type: .ed25519, key: Array(0..<32), base58: "12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A",
            cids: [
                "bafzaajaiaejcaaabaibqibiga4eascqlbqgq4dyqcejbgfavcylrqgi2dmob2hq7",
                "k51qzi5uqu5dg6lcd99r9gmb963kgugjinxxggwy7o93oagk3f2eg3qcjh7127",
                "z5AanNVJCxnEqQ9KP9koaF6xykEXRE9nhMban3nhpPeJrALeBeD32Hk",
            ]),
        Example(
            type: .secp256k1, key: [2] + Array(0..<32), base58: "16Uiu2HAkuRgsVVjk3drXpeXXvuQrZai9RNup3ToH8wH1wXmuTnRC",
            cids: [
                "bafzaajiiaijccaqaaebagbafaydqqcikbmga2dqpcaireeyuculbogazdinryhi6d4",
                "kzwfwjn5ji4pujo7ttwvxwl14urdxxl3v4wd6huk6fjw0clzq02wo1bqbq1x7of",
                "zKPJ7QRXxW7m3vUPQz2wLiA1m7uXM2onbpxSXSwHY3dwzB3iwUmudDZG",
            ]),
        Example(
            type: .rsa, key: (0..<294).map { UInt8($0 % 256) },
            base58: "QmcYmz1jLrcX7C5v3QRXHubYAdg6rX8C9Es4PaydH8CV5y",
            cids: [
                "bafzbeigtd3h4xt4xwmgk3fbipm65kaomvpva5f63zfdtn6jf2x6akip4ha",
                "k2k4r8oog0hr5doh6yca31f7w4ne2rrjq912dl17q8e9kluti335le7s",
                "zdvgqFd7ADNwnQEnqCuYC8wh8j55Ryuq6vD7pVxLzJ1HYL2jh",
            ]),
        Example(
            type: .ecdsa, key: Array(0..<91), base58: "QmUpGEJPXBwBEoMVg1CWuGrbo1kp9xmt4qyfuU7opnA1B6",
            cids: [
                "bafzbeidahd3xnxnwkuiy6nif554rjnkfktqgql7loqswp5ipqw6fcxllme",
                "k2k4r8ltcnhmv6hf21a91ivwiicp5vy4uarsi7q8d8clxlzi7tuon8m9",
                "zdvgq7tbQW387itvSUVAnuwJVz8hp4d8YZu3RcZrsSBqCHYpp",
            ]),
    ]

    @Test("A key of each type has its known id, in binary and in every text form", arguments: known)
    func examples(_ example: Example) throws {
        let peer = PeerID(publicKey: try PublicKeyMessage(type: example.type, key: example.key))
        #expect(peer.description == example.base58)
        #expect(try PeerID(example.base58) == peer)
        for cid in example.cids { #expect(try PeerID(cid) == peer) }
        #expect(try PeerID(peer.bytes) == peer)
        #expect(try PeerID(peer.multihash) == peer)
        #expect(Set([peer, try PeerID(example.base58)] + example.cids.compactMap { try? PeerID($0) }).count == 1)
    }

    @Test("The key comes out of an id that holds it, and not out of a hash", arguments: known)
    func inlineKey(_ example: Example) throws {
        let message = try PublicKeyMessage(type: example.type, key: example.key)
        let inline = PeerID(publicKey: message).inlinePublicKey
        let isShort = example.type == .ed25519 || example.type == .secp256k1
        #expect(inline == (isShort ? message.encoded : nil))
        if let inline { #expect(try PublicKeyMessage(decoding: inline) == message) }
    }

    @Test("A key message of 42 bytes is held, one of 43 is hashed")
    func inlineLimit() throws {
        let short = PeerID(publicKey: try PublicKeyMessage(type: .ecdsa, key: [UInt8](repeating: 1, count: 38)))
        #expect(short.bytes.count == 44)
        #expect(short.inlinePublicKey?.count == 42)
        let long = PeerID(publicKey: try PublicKeyMessage(type: .ecdsa, key: [UInt8](repeating: 1, count: 39)))
        #expect(long.multihash.function == .sha256)
        #expect(long.inlinePublicKey == nil)
    }

    @Test(
        "An identity hash holds 1 to 42 bytes",
        arguments: [(0, LibP2PError.Code.malformed), (43, .tooLong), (200, .tooLong)])
    func identityLengths(count: Int, code: LibP2PError.Code) throws {
        let hash = Multihash(identityOf: [UInt8](repeating: 9, count: count))
        #expect(throws: LibP2PError.self) { try PeerID(hash) }.map { #expect($0.code == code) }
        #expect(throws: LibP2PError.self) { try PeerID(hash.bytes) }.map { #expect($0.code == code) }
        #expect(try PeerID(Multihash(identityOf: [9])).bytes == [0, 1, 9])
        #expect(try PeerID(Multihash(identityOf: [UInt8](repeating: 9, count: 42))).bytes.count == 44)
    }

    private static let hash = [UInt8](repeating: 0xAB, count: 32)
    private static let rejectedTexts: [(String, String, LibP2PError.Code)] = [
        ("nothing", "", .truncated),
        ("a one alone", "1", .truncated),
        ("base58 cut by one character", "QmUpGEJPXBwBEoMVg1CWuGrbo1kp9xmt4qyfuU7opnA1B", .unsupported),
        ("base58 with one character more", "QmUpGEJPXBwBEoMVg1CWuGrbo1kp9xmt4qyfuU7opnA1B66", .unsupported),
        ("a wrong character", "QmUpGEJPXBwBEoMVg1CWuGrbo1kp9xmt4qyfuU7opnA1B0", .invalidCharacter),
        ("a space behind", "QmUpGEJPXBwBEoMVg1CWuGrbo1kp9xmt4qyfuU7opnA1B6 ", .invalidCharacter),
        ("a space in front", " QmUpGEJPXBwBEoMVg1CWuGrbo1kp9xmt4qyfuU7opnA1B6", .unsupported),
        ("a multiaddr", "/p2p/QmUpGEJPXBwBEoMVg1CWuGrbo1kp9xmt4qyfuU7opnA1B6", .unsupported),
        ("129 characters of base58", String(repeating: "1", count: 129), .tooLong),
        ("129 characters of base32", "b" + String(repeating: "a", count: 129), .tooLong),
        ("a megabyte", "k" + String(repeating: "a", count: 1 << 20), .tooLong),
        ("base32 in upper case", "BAFZBEIDAHD3XNXNWKUIY6NIF554RJNKFKTQGQL7LOQSWP5IPQW6FCXLLME", .unsupported),
        ("base36 in upper case", "K2K4R8LTCNHMV6HF21A91IVWIICP5VY4UARSI7Q8D8CLXLZI7TUON8M9", .unsupported),
        ("upper case digits", "bAFZBEIDAHD3XNXNWKUIY6NIF554RJNKFKTQGQL7LOQSWP5IPQW6FCXLLME", .invalidCharacter),
        ("base16", "f01721220" + hash.hex, .unsupported),
        ("the letter b alone", "b", .truncated),
        ("a hash without a CID", "b" + ReferenceText.base32([0x12, 0x20] + hash), .unsupported),
        ("version 0", "b" + ReferenceText.base32([0, 0x72, 0x12, 0x20] + hash), .unsupported),
        ("version 2", "b" + ReferenceText.base32([2, 0x72, 0x12, 0x20] + hash), .unsupported),
        ("dag-pb content", "b" + ReferenceText.base32([1, 0x70, 0x12, 0x20] + hash), .unsupported),
        ("a padded version", "b" + ReferenceText.base32([0x81, 0, 0x72, 0x12, 0x20] + hash), .notMinimal),
        ("a padded codec", "b" + ReferenceText.base32([1, 0xF2, 0, 0x12, 0x20] + hash), .notMinimal),
        ("a CID without a hash", "b" + ReferenceText.base32([1, 0x72]), .truncated),
        ("a hash cut short", "b" + ReferenceText.base32([1, 0x72, 0x12, 0x20] + hash.dropLast()), .truncated),
        ("a byte behind", "b" + ReferenceText.base32([1, 0x72, 0x12, 0x20] + hash + [0]), .trailingBytes),
        ("SHA-512", "b" + ReferenceText.base32([1, 0x72, 0x13, 0x40] + hash + hash), .unsupported),
        ("an empty identity", "b" + ReferenceText.base32([1, 0x72, 0, 0]), .malformed),
        ("43 bytes of identity", "b" + ReferenceText.base32([1, 0x72, 0, 43] + hash + hash.prefix(11)), .tooLong),
    ]

    @Test("Text that is no peer id is rejected for the right reason", arguments: rejectedTexts)
    func textRejections(what: String, text: String, code: LibP2PError.Code) {
        let error = #expect(throws: LibP2PError.self) { try PeerID(text) }
        #expect(error?.code == code, "\(what): \(error?.description ?? "accepted")")
        #expect(error?.description.isEmpty == false)
    }

    @Test("A bare identity hash needs no key inside")
    func anyInlineBytes() throws {
        let peer = try PeerID(Multihash(identityOf: [1, 2, 3]))
        let inline = try #require(peer.inlinePublicKey)
        #expect(inline == [1, 2, 3])
        #expect(throws: LibP2PError.self) { try PublicKeyMessage(decoding: inline) }
    }

    @Test("Random ids come back from all forms", arguments: 1...4 as ClosedRange<UInt64>)
    func roundTrips(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let hash =
                random.next() % 2 == 0
                ? Multihash(identityOf: .random(count: Int.random(in: 1...42, using: &random), using: &random))
                : Multihash(sha256Of: .random(count: 8, using: &random))
            let peer = try PeerID(hash)
            let cid = [1, 0x72] + peer.bytes
            let texts = [
                peer.description, "b" + ReferenceText.base32(cid),
                "k" + ReferenceText.positional(cid, alphabet: ReferenceText.base36),
                "z" + ReferenceText.positional(cid, alphabet: ReferenceText.base58),
            ]
            for text in texts { #expect(try PeerID(text) == peer, "seed \(seed), \(text)") }
            #expect(try PeerID(peer.bytes) == peer, "seed \(seed)")
        }
    }

    @Test("An id with one changed character is rejected or prints as what was given", arguments: [5, 6] as [UInt64])
    func onlyOneForm(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for example in Self.known {
            var accepted = 0
            for position in example.base58.indices {
                var text = example.base58
                let other = try #require(ReferenceText.base58.randomElement(using: &random))
                text.replaceSubrange(position...position, with: [other])
                guard let peer = try? PeerID(text) else { continue }
                accepted += 1
                // `Qm` may have become the beginning of a CID, whose text differs.
                if text.hasPrefix("1") || text.hasPrefix("Qm") { #expect(peer.description == text, "seed \(seed)") }
            }
            #expect(accepted > 10)
        }
    }
}

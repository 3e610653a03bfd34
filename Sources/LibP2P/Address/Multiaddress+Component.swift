extension Multiaddress {
    /// One part of an address: a protocol, and its value where it has one.
    ///
    ///     let port = try Multiaddress.Component(.udp, "4001")
    ///     port.bytes  // 0F A1
    public struct Component: Hashable, Sendable, CustomStringConvertible {
        /// Which protocol it is. Not called `protocol`, which is a word of the language.
        public let kind: MultiaddressProtocol
        /// The value as it goes over the wire, without its length.
        public let bytes: [UInt8]

        /// Takes a value that is known to be valid.
        init(_ kind: MultiaddressProtocol, unchecked bytes: [UInt8]) {
            self.kind = kind
            self.bytes = bytes
        }

        /// Reads a value from text; empty for a protocol that has none.
        public init(_ kind: MultiaddressProtocol, _ value: String) throws(LibP2PError) {
            try self.init(kind, bytes: try Self.bytes(of: value, kind))
        }

        /// Takes a value as it goes over the wire, without its length.
        public init(_ kind: MultiaddressProtocol, bytes: [UInt8]) throws(LibP2PError) {
            try Self.check(bytes, kind)
            self.init(kind, unchecked: bytes)
        }

        /// The value as text; empty where the protocol has none.
        public var value: String {
            switch self.kind.form {
            case .none: ""
            case .ip4: self.bytes.map(String.init).joined(separator: ".")
            case .ip6: IPv6Text.encode(self.bytes)
            case .port, .prefixLength: String(self.bytes.reduce(0) { $0 << 8 | Int($1) })
            case .text, .path: String(decoding: self.bytes, as: UTF8.self)
            case .percentCoded: PercentCoding.encode(self.bytes)
            case .peer: Base58.encode(self.bytes)
            case .multihash: "u" + Base64URL.encode(self.bytes)
            }
        }

        /// The part as it stands in the text of an address: `/udp/4001`.
        public var description: String {
            switch self.kind.form {
            case .none: "/\(self.kind)"
            // A path brings its slash along.
            case .path: "/\(self.kind)\(self.value)"
            default: "/\(self.kind)/\(self.value)"
            }
        }
    }
}

extension Multiaddress.Component {
    /// Takes one part off the front of `bytes`.
    init(from bytes: inout ArraySlice<UInt8>) throws(LibP2PError) {
        let code = try Varint.read(from: &bytes)
        guard let kind = MultiaddressProtocol(code: code) else {
            throw LibP2PError(.unsupported, "\(code) is not the number of a known protocol of multiaddresses")
        }
        let count: UInt64
        switch kind.size {
        case .bits(let bits): count = UInt64(bits / 8)
        case .variable: count = try Varint.read(from: &bytes)
        }
        guard count <= UInt64(bytes.count) else {
            throw LibP2PError(.truncated, "the \(count) bytes of /\(kind) break off after \(bytes.count)")
        }
        let value = bytes.prefix(Int(count))
        bytes = bytes.dropFirst(Int(count))
        try self.init(kind, bytes: Array(value))
    }

    func append(to bytes: inout [UInt8]) {
        // Throws for numbers above 63 bits, of which the table has none.
        try? Varint.append(self.kind.code, to: &bytes)
        if self.kind.size == .variable { Varint.append(countOf: self.bytes, to: &bytes) }
        bytes += self.bytes
    }

    /// What a person typed, for an error: shortened, and without what could upset a terminal.
    static func quoted(_ text: some StringProtocol) -> String {
        let shown = text.unicodeScalars.prefix(40).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
        return "\"" + String(String.UnicodeScalarView(shown)) + (text.unicodeScalars.count > 40 ? "…\"" : "\"")
    }

    private static func bytes(of text: String, _ kind: MultiaddressProtocol) throws(LibP2PError) -> [UInt8] {
        switch kind.form {
        case .none: return Array(text.utf8)
        case .ip4:
            guard let bytes = self.ip4(text) else {
                throw LibP2PError(.malformed, "\(self.quoted(text)) is not an IPv4 address, such as 192.0.2.7")
            }
            return bytes
        case .ip6:
            guard let bytes = IPv6Text.decode(text) else {
                throw LibP2PError(.malformed, "\(self.quoted(text)) is not an IPv6 address, such as 2001:db8::7")
            }
            return bytes
        case .port:
            guard let port = self.number(text, atMost: 65_535) else {
                throw LibP2PError(.malformed, "\(self.quoted(text)) is not a port from 0 to 65535")
            }
            return [UInt8(truncatingIfNeeded: port >> 8), UInt8(truncatingIfNeeded: port)]
        case .prefixLength:
            guard let count = self.number(text, atMost: 128) else {
                throw LibP2PError(.malformed, "\(self.quoted(text)) is not a number of bits from 0 to 128")
            }
            return [UInt8(truncatingIfNeeded: count)]
        case .text, .path: return Array(text.utf8)
        case .percentCoded: return try PercentCoding.decode(text)
        case .peer: return try PeerID(text).bytes
        case .multihash: return try self.multibase(text)
        }
    }

    private static func check(_ bytes: [UInt8], _ kind: MultiaddressProtocol) throws(LibP2PError) {
        if case .bits(let bits) = kind.size, bytes.count != bits / 8 {
            throw LibP2PError(.malformed, "/\(kind) has a value of \(bits / 8) bytes, not \(bytes.count)")
        }
        switch kind.form {
        case .none, .ip4, .ip6, .port: break
        case .prefixLength:
            guard bytes.allSatisfy({ $0 <= 128 }) else {
                throw LibP2PError(.malformed, "no address has as many bits as /\(kind) says")
            }
        case .text, .path, .percentCoded: try self.checkText(bytes, kind)
        case .peer: _ = try PeerID(bytes)
        case .multihash: try self.checkMultihash(bytes)
        }
    }

    /// Whether the text form says the same as the bytes, and nothing that upsets a terminal.
    private static func checkText(_ bytes: [UInt8], _ kind: MultiaddressProtocol) throws(LibP2PError) {
        guard !bytes.isEmpty else { throw LibP2PError(.malformed, "/\(kind) needs a value") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw LibP2PError(.malformed, "the value of /\(kind) is not UTF-8")
        }
        guard kind.form != .percentCoded else { return }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw LibP2PError(.invalidCharacter, "the value of /\(kind) has a control character")
        }
        if kind.form == .text, bytes.contains(UInt8(ascii: "/")) {
            throw LibP2PError(.invalidCharacter, "the value of /\(kind) has a slash, which begins the next part")
        }
        // "/" alone, and a slash at the end, would be lost in text.
        if kind.form == .path, bytes.count < 2 || bytes.first != UInt8(ascii: "/") || bytes.last == UInt8(ascii: "/") {
            throw LibP2PError(.malformed, "the path of /\(kind) begins with a slash and does not end with one")
        }
    }

    /// `<function> <length> <digest>`, whatever the function.
    private static func checkMultihash(_ bytes: [UInt8]) throws(LibP2PError) {
        var rest = bytes[...]
        _ = try Varint.read(from: &rest)
        let count = try Varint.read(from: &rest)
        guard count == UInt64(rest.count), count > 0 else {
            throw LibP2PError(.malformed, "a certificate hash claims \(count) bytes and has \(rest.count)")
        }
    }

    private static func multibase(_ text: String) throws(LibP2PError) -> [UInt8] {
        let digits = text.dropFirst()
        switch text.first {
        case "u": return try Base64URL.decode(digits)
        case "b": return try Base32.decode(digits)
        case "k": return try Base36.decode(digits)
        case "z": return try Base58.decode(digits)
        default:
            throw LibP2PError(
                .unsupported, "a certificate hash begins with u (base64url), b (base32), k (base36) or z (base58btc)")
        }
    }

    /// Four numbers without leading zeros, which some read as octal.
    private static func ip4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in
            self.number(String(part), atMost: 255).map { UInt8(truncatingIfNeeded: $0) }
        }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    /// Digits alone, and no more than are needed.
    private static func number(_ text: String, atMost limit: Int) -> Int? {
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), text.utf8.count <= 5,
            text == "0" || !text.hasPrefix("0"), let number = Int(text), number <= limit
        else { return nil }
        return number
    }
}

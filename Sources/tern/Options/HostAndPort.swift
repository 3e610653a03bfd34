import QUIC

/// A server as people write it: `example.org`, `example.org:4433`, `[::1]:4433`, `https://example.org/`.
struct HostAndPort: Hashable, Sendable, CustomStringConvertible {
    let host: String
    let port: UInt16

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `port` where the text names none.
    init(_ text: String, port: UInt16) throws {
        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { $0 != "/" }
        let host: Substring
        var number: Substring?
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            let tail = rest[rest.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw Self.wrong(text) }
            if !tail.isEmpty { number = tail.dropFirst() }
        } else if rest.filter({ $0 == ":" }).count == 1, let colon = rest.firstIndex(of: ":") {
            host = rest[..<colon]
            number = rest[rest.index(after: colon)...]
        } else {
            host = rest
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { throw Self.wrong(text) }
        self.host = String(host)
        guard let number else {
            self.port = port
            return
        }
        guard let value = UInt16(number), value > 0 else { throw Self.wrong(text) }
        self.port = value
    }

    var description: String { self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)" }

    /// The address, where the host is one and no name.
    var address: NetworkAddress? { NetworkAddress(self.host, port: self.port) }

    /// An address of this host and a port, such as `127.0.0.1:0` or `[::1]:4433`; nil for everything else.
    static func listening(_ text: String) -> NetworkAddress? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return NetworkAddress(host == "localhost" ? "127.0.0.1" : host, port: port)
    }

    private static func wrong(_ text: String) -> UsageError {
        UsageError(message: "a server is HOST or HOST:PORT, such as example.org:4433 or [::1]:4433, not \(text)")
    }
}

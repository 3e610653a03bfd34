/// What the test plan tells in the environment.
struct Settings: Sendable {
    let isDialer: Bool
    /// The name or address of the Redis server, and its port.
    let redis: (host: String, port: UInt16)
    /// Where the listener leaves its address.
    let key: String
    /// Where to listen.
    let listenerIP: String
    let isVerbose: Bool
    /// How long the dialler may take.
    let timeout: Duration

    /// `value` gives the value of a variable; nil where it is not set.
    init(_ value: (String) -> String?) throws {
        self.isDialer = try Self.truth(value, "IS_DIALER")
        self.isVerbose = try Self.truth(value, "DEBUG", else: false)
        self.listenerIP = value("LISTENER_IP") ?? "0.0.0.0"
        // Plans before the unified one have no TEST_KEY: each of their tests has a Redis of its own.
        self.key = value("TEST_KEY").map { "\($0)_listener_multiaddr" } ?? "listenerAddr"
        if let transport = value("TRANSPORT"), transport != "quic-v1" {
            throw SettingsError(description: "TRANSPORT is \(transport), and this program speaks quic-v1 only")
        }
        let seconds = value("TEST_TIMEOUT_SECS") ?? "180"
        guard let count = Int(seconds), (1...86_400).contains(count) else {
            throw SettingsError(description: "TEST_TIMEOUT_SECS is a number of seconds, not \(seconds)")
        }
        self.timeout = .seconds(count)
        self.redis = try Self.server(value("REDIS_ADDR") ?? "redis:6379")
    }

    private static func truth(
        _ value: (String) -> String?, _ name: String, else standard: Bool? = nil
    ) throws -> Bool {
        switch (value(name), standard) {
        case ("true"?, _): return true
        case ("false"?, _): return false
        case (nil, let standard?): return standard
        case (let word, _): throw SettingsError(description: "\(name) must be true or false, not \(word ?? "unset")")
        }
    }

    /// HOST:PORT, [IPV6]:PORT or HOST.
    private static func server(_ text: String) throws -> (String, UInt16) {
        // The last colon is part of an IPv6 address, unless that stands in brackets.
        guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("]"),
            text.hasPrefix("[") || !text[..<colon].contains(":")
        else { return (text.trimmingBrackets, 6_379) }
        guard let port = UInt16(text[text.index(after: colon)...]) else {
            throw SettingsError(description: "REDIS_ADDR is HOST:PORT, not \(text)")
        }
        return (String(text[..<colon]).trimmingBrackets, port)
    }
}

/// The environment does not say what to do.
struct SettingsError: Error, CustomStringConvertible {
    let description: String
}

extension String {
    fileprivate var trimmingBrackets: String {
        self.hasPrefix("[") && self.hasSuffix("]") ? String(self.dropFirst().dropLast()) : self
    }
}

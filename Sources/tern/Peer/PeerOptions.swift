import QUIC

/// What the flags of `tern peer` say.
struct PeerOptions: Sendable {
    var address = NetworkAddress.loopback(port: 4433)
    var protocols: [String] = []
    var versions: [QUICVersion] = []
    var cipher: TLSCryptography.Cipher?
    var congestionControl = EngineConfiguration.CongestionControl.cubic
    var idle: Duration = .seconds(60)

    // A server's.
    var certificate = "certs/leaf.pem"
    var key = "certs/leaf.key"
    var isRetrying = false
    var secretFile: String?
    var lifetime: Duration?
    var isQuiet = false

    // A client's.
    var mode = PeerMode.echo
    var authorities = "certs/ca.pem"
    var isInsecure = false
    var serverName = "localhost"
    var bytes = 1 << 20
    var streams = 1
    var rounds = 2_000
    var count = 100
    var concurrency = 1
    var datagrams: Int?
    var hold: Duration = .seconds(5)
    var nextAddress: NetworkAddress?
    var usesUnidirectional = true
    var expectedVersion: QUICVersion?
    var expectsRetry = false
    var timeout: Duration = .seconds(30)

    init(_ arguments: inout Arguments, isServer: Bool) throws {
        arguments.splitAssignments()
        if let text = try arguments.option("--addr") { self.address = try Self.address(text) }
        self.protocols = try arguments.list("--alpn") ?? []
        self.versions = try (arguments.list("--versions") ?? (isServer ? ["v1", "v2"] : ["v1"])).map(Self.version)
        if let name = try arguments.option("--cipher") {
            self.cipher = try Self.choose(
                name, "--cipher", ["aes128": .aes128GCM, "aes256": .aes256GCM, "chacha20": .chacha20Poly1305])
        }
        if let name = try arguments.option("--cc") {
            self.congestionControl = try Self.choose(name, "--cc", ["cubic": .cubic, "bbr": .bbr, "reno": .reno])
        }
        self.idle = try arguments.seconds("--idle") ?? self.idle
        try isServer ? self.readServer(&arguments) : self.readClient(&arguments)
        try arguments.end()
    }

    private mutating func readServer(_ arguments: inout Arguments) throws {
        if self.protocols.isEmpty { self.protocols = ["echo", "perf"] }
        self.certificate = try arguments.option("--cert") ?? self.certificate
        self.key = try arguments.option("--key") ?? self.key
        self.isRetrying = arguments.flag("--retry")
        self.secretFile = try arguments.option("--secret")
        self.isQuiet = arguments.flag("--quiet")
        let seconds = try arguments.seconds("--seconds")
        self.lifetime = seconds == .zero ? nil : seconds
    }

    private mutating func readClient(_ arguments: inout Arguments) throws {
        let mode = try arguments.option("--mode") ?? "echo"
        guard let known = PeerMode(rawValue: mode) else { throw UsageError(message: "there is no mode \(mode)") }
        self.mode = known
        if self.protocols.isEmpty { self.protocols = [known.movesBulk ? "perf" : "echo"] }
        self.authorities = try arguments.option("--ca") ?? self.authorities
        self.isInsecure = arguments.flag("--insecure")
        self.serverName = try arguments.option("--sni") ?? self.serverName
        self.bytes = try arguments.whole("--bytes", 0...1 << 40) ?? self.bytes
        self.streams = try arguments.whole("--streams", 1...100_000) ?? self.streams
        self.rounds = try arguments.whole("--rounds", 1...10_000_000) ?? self.rounds
        self.count = try arguments.whole("--count", 1...10_000_000) ?? self.count
        self.concurrency = try arguments.whole("--conc", 1...10_000) ?? self.concurrency
        self.datagrams = try arguments.whole("--dgrams", 0...1_000_000)
        self.hold = try arguments.seconds("--hold") ?? self.hold
        if let host = try arguments.option("--migrate-to") {
            guard let address = NetworkAddress(host, port: 0) else {
                throw UsageError(message: "--migrate-to is an address of this host, not \(host)")
            }
            self.nextAddress = address
        }
        self.usesUnidirectional = !arguments.flag("--no-uni")
        self.expectedVersion = try arguments.option("--expect-version").map(Self.version)
        self.expectsRetry = arguments.flag("--expect-retry")
        self.timeout = try arguments.seconds("--timeout") ?? self.timeout
    }

    /// What both roles configure of a connection.
    var transport: EngineConfiguration {
        EngineConfiguration.defaults {
            $0.versions = self.versions
            $0.congestionControl = self.congestionControl
            $0.idleTimeout = self.idle
            $0.streams.bidirectional = 256
            $0.streams.unidirectional = 256
            $0.datagrams.maximumFrameSize = 65_535
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 16 << 20
        }
    }

    var cryptography: TLSCryptography {
        var cryptography = TLSCryptography()
        if let cipher = self.cipher { cryptography.ciphers = [cipher] }
        return cryptography
    }

    private static func address(_ text: String) throws -> NetworkAddress {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let host = parts.dropLast().joined(separator: ":").filter { $0 != "[" && $0 != "]" }
        guard let port = parts.last.flatMap({ UInt16($0) }),
            let address = NetworkAddress(host == "localhost" ? "127.0.0.1" : host, port: port)
        else { throw UsageError(message: "--addr is ADDRESS:PORT, such as 127.0.0.1:4433 or [::1]:4433, not \(text)") }
        return address
    }

    private static func version(_ name: String) throws -> QUICVersion {
        try self.choose(name, "a version", ["v1": .version1, "v2": .version2])
    }

    private static func choose<T>(_ name: String, _ what: String, _ choices: [String: T]) throws -> T {
        guard let choice = choices[name] else {
            throw UsageError(message: "\(what) is one of \(choices.keys.sorted().joined(separator: ", ")), not \(name)")
        }
        return choice
    }
}

/// What a client is to try or to measure.
enum PeerMode: String, Sendable {
    case echo, dgram, zerortt, migrate, keyupdate, down, up, ping, hs, idle

    var movesBulk: Bool { self == .down || self == .up }
}

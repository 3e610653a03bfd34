import QUIC

/// What the flags of `tern peer` say.
struct PeerOptions: Sendable {
    var address = NetworkAddress.loopback(port: 4433)
    var protocols: [String] = []
    let common: TransportOptions
    var place = PeerPlace.loop
    var largestDatagram: Int?
    var protection = EngineConfiguration.PacketProtection.automatic

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
    var connections = 1
    var resumes = false
    var interval: Duration?
    var datagrams: Int?
    var hold: Duration = .seconds(5)
    var nextAddress: NetworkAddress?
    var usesUnidirectional = true
    /// Whether the client's own code runs on the event loop; otherwise it does on Swift's pool of threads.
    var expectedVersion: QUICVersion?
    var expectsRetry = false
    var timeout: Duration = .seconds(30)

    init(_ arguments: inout Arguments, isServer: Bool) throws {
        arguments.splitAssignments()
        self.common = try TransportOptions(
            &arguments, versions: isServer ? [.version1, .version2] : [.version1], idle: .seconds(60))
        guard self.common.qlogFolder == nil else {
            throw UsageError(message: "peer writes no traces: leave --qlog out")
        }
        if let text = try arguments.option("--addr") { self.address = try Self.address(text) }
        self.protocols = try arguments.list("--alpn") ?? []
        self.largestDatagram = try arguments.whole("--max-udp", 1_200...65_487)
        self.protection =
            try arguments.choice(
                "--protection", ["automatic": .automatic, "processor": .processor, "library": .library])
            ?? self.protection
        self.place = try arguments.choice("--on", ["loop": .loop, "pool": .pool]) ?? self.place
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
        self.connections = try arguments.whole("--conns", 1...10_000) ?? self.connections
        self.resumes = arguments.flag("--resumed")
        self.interval = try arguments.seconds("--interval")
        guard self.interval != .zero else { throw UsageError(message: "--interval is more than 0 seconds") }
        self.datagrams = try arguments.whole("--dgrams", 0...10_000_000)
        self.hold = try arguments.seconds("--hold") ?? self.hold
        if let host = try arguments.option("--migrate-to") {
            guard let address = NetworkAddress(host, port: 0) else {
                throw UsageError(message: "--migrate-to is an address of this host, not \(host)")
            }
            self.nextAddress = address
        }
        self.usesUnidirectional = !arguments.flag("--no-uni")
        self.expectedVersion = try arguments.option("--expect-version").map(TransportOptions.version)
        self.expectsRetry = arguments.flag("--expect-retry")
        self.timeout = try arguments.seconds("--timeout") ?? self.timeout
    }

    /// What both roles configure of a connection.
    var transport: EngineConfiguration {
        EngineConfiguration.defaults {
            $0.versions = self.common.versions
            $0.congestionControl = self.common.congestionControl
            $0.idleTimeout = self.common.idle
            $0.initialRTT = self.common.initialRTT
            $0.packetProtection = self.protection
            if let size = self.largestDatagram { $0.packets.probe(upTo: size) }
            $0.streams.bidirectional = 256
            $0.streams.unidirectional = 256
            $0.datagrams.maximumFrameSize = 65_535
            // Full at once, and no larger than what the socket's buffer and this one hold together.
            $0.flowControl.connectionWindow = 6 << 20
            $0.flowControl.maximumConnectionWindow = 6 << 20
            $0.flowControl.streamWindow = 6 << 20
            $0.flowControl.maximumStreamWindow = 6 << 20
        }
    }

    private static func address(_ text: String) throws -> NetworkAddress {
        guard let address = HostAndPort.listening(text) else {
            throw UsageError(message: "--addr is ADDRESS:PORT, such as 127.0.0.1:4433 or [::1]:4433, not \(text)")
        }
        return address
    }
}

/// What a client is to try or to measure.
enum PeerMode: String, Sendable {
    case echo, dgram, zerortt, migrate, keyupdate, down, up, both, ping, dgrams, hs, idle

    var movesBulk: Bool { [.down, .up, .both].contains(self) }
}

/// Where the code runs that answers the peer.
enum PeerPlace: Sendable {
    /// On the endpoint's event loop.
    case loop
    /// In tasks on the threads that all tasks share.
    case pool
}

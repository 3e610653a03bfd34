import QUIC

/// What both roles can choose of the transport.
struct TransportOptions: Sendable {
    static let help = """
            --versions v1,v2   QUIC versions, the preferred first: v1 unless given,
                               and v1,v2 for a server
            --cipher NAME      aes128, aes256 or chacha20, and no other
            --cc NAME          congestion control: cubic, bbr or reno
            --idle S           seconds of silence after which a connection is given up: 30
            --initial-rtt MS   the round trip that is assumed before one was measured: 333
            --qlog DIR         write a trace of every connection there (tern qlog shows one)
        """

    var versions: [QUICVersion]
    var cipher: TLSCryptography.Cipher?
    var congestionControl = EngineConfiguration.CongestionControl.cubic
    var idle: Duration
    var handshakeTimeout: Duration = .seconds(10)
    var initialRTT: Duration = .milliseconds(333)
    var qlogFolder: String?

    /// `versions` and `idle` where the words name none.
    init(
        _ arguments: inout Arguments, versions: [QUICVersion] = [.version1], idle: Duration = .seconds(30)
    ) throws {
        self.versions = try arguments.list("--versions")?.map(Self.version) ?? versions
        self.cipher = try arguments.choice(
            "--cipher", ["aes128": .aes128GCM, "aes256": .aes256GCM, "chacha20": .chacha20Poly1305])
        self.congestionControl =
            try arguments.choice("--cc", ["cubic": .cubic, "bbr": .bbr, "reno": .reno]) ?? self.congestionControl
        self.idle = try arguments.seconds("--idle") ?? idle
        if let milliseconds = try arguments.whole("--initial-rtt", 1...60_000) {
            self.initialRTT = .milliseconds(milliseconds)
        }
        self.qlogFolder = try arguments.option("--qlog")
        guard !self.versions.isEmpty else { throw UsageError(message: "--versions needs v1, v2 or both") }
    }

    /// A version that is spoken here, by its name.
    static func version(_ name: String) throws -> QUICVersion {
        try Arguments.choose(name, "a version", ["v1": .version1, "v2": .version2])
    }

    /// Large windows: these are programs that move files.
    var engine: EngineConfiguration {
        EngineConfiguration.defaults {
            $0.versions = self.versions
            $0.congestionControl = self.congestionControl
            $0.idleTimeout = self.idle
            $0.handshakeTimeout = self.handshakeTimeout
            $0.initialRTT = self.initialRTT
            // It adds to the peer's probe timeout, and so to how long a break in the path lasts for us.
            $0.maximumAcknowledgementDelay = .milliseconds(20)
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 8 << 20
            $0.datagrams.maximumFrameSize = 65_535
        }
    }

    var cryptography: TLSCryptography {
        var cryptography = TLSCryptography()
        if let cipher = self.cipher { cryptography.ciphers = [cipher] }
        return cryptography
    }
}

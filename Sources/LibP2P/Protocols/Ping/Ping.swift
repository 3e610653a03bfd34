/// The ping protocol (specs ping): 32 random bytes, which the peer sends back.
enum Ping {
    /// Its name.
    static let protocolID: ProtocolID = "/ipfs/ping/1.0.0"
    /// How many bytes a ping has.
    static let byteCount = 32
    /// How long an answer may take.
    static let timeout = Duration.seconds(10)
    /// How long a peer may keep a stream open without a ping.
    static let idleTimeout = Duration.seconds(30)
    /// How many streams a peer may ping us on at once.
    static let maximumStreamCount = 2
}

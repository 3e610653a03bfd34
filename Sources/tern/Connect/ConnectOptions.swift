import QUICIO

/// What `tern connect` was asked to carry.
struct ConnectOptions: Sendable {
    let protocols: [String]
    let isUnidirectional: Bool
    let usesDatagrams: Bool
    let linger: Duration
    let isQuiet: Bool
    /// After so much silence a PING keeps the connection.
    var keepAlive = Duration.seconds(10)

    mutating func shortenKeepAlive(_ idle: Duration) {
        if idle > .zero { self.keepAlive = min(self.keepAlive, idle / 3) }
    }

    /// Standard output is for data alone.
    func say(_ text: String) { if !self.isQuiet { Terminal.writeError("\(text)\n") } }
}

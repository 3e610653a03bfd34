import QUIC
import QUICIO

/// `tern ping`: is it there, and how far away?
enum PingCommand: Command {
    static let name = "ping"
    static let summary = "measure round trips to a QUIC server"
    static let help = """
        Usage: tern ping HOST[:PORT] [OPTIONS]

        Connects once, sends a PING frame now and then, and shows when it was acknowledged. Any QUIC server answers.
        A server may wait a little before it acknowledges a single packet, up to 25 ms with most.
        A connection that ends is made again. The port is 443 unless given.

            -c COUNT           stop after so many; without it Ctrl-C stops
            -i INTERVAL        seconds from one to the next: 1
            -W TIMEOUT         seconds to wait for an answer: 3
            --handshakes       a new connection each time, and the time of its handshake
            --alpn A,B         what to speak, the preferred first: \(PingCommand.protocols.joined(separator: ","))
            --json             one object at the end
        \(ClientOptions.help)

        Example: tern ping example.org
                 tern ping 192.0.2.7:4433 -c 10 -i 0.2
                 tern ping localhost:4433 --insecure --handshakes -c 5
        Exit codes: 0 something was answered, 1 nothing was, 2 not understood.
        """

    /// What servers of all sorts speak: one ClientHello offers them all.
    static let protocols = ["h3", "hq-interop", "doq", "perf", "echo", "raw", "smb"]

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        let count = try arguments.whole("-c", 1...1_000_000_000)
        let interval = try arguments.number("-i", 0.001...86_400) ?? 1
        let limit = try arguments.number("-W", 0.001...86_400) ?? 3
        let isJSON = arguments.flag("--json")
        let isHandshakes = arguments.flag("--handshakes")
        let protocols = try arguments.list("--alpn") ?? Self.protocols
        var client = try ClientOptions(&arguments)
        guard let word = arguments.next() else { throw UsageError(message: "ping needs HOST or HOST:PORT") }
        try arguments.end()
        guard !protocols.isEmpty else { throw UsageError(message: "--alpn needs a protocol") }
        if isHandshakes { client.transport.handshakeTimeout = .microseconds(Int64(limit * 1e6)) }
        let pinger = Pinger(
            server: try HostAndPort(word, port: 443), client: client, protocols: protocols, count: count,
            interval: .microseconds(Int64(interval * 1e6)), limit: .microseconds(Int64(limit * 1e6)), isJSON: isJSON)
        return try await pinger.run(isHandshakes: isHandshakes)
    }
}

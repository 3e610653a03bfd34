import LibP2P
import QUICIO

/// `tern p2p dial`: connects, and says who is there.
struct P2PVisit: Sendable {
    private let options: P2POptions
    private let address: Multiaddress
    private let isOnce: Bool

    init(_ options: P2POptions, _ arguments: inout Arguments) throws {
        self.options = options
        self.isOnce = arguments.flag("--once")
        self.address = try P2POptions.address(&arguments, of: "dial")
        try arguments.end()
    }

    /// Returns the exit code.
    func run() async throws -> Int32 {
        let host = try self.options.host(dialling: self.address)
        let wasInterrupted = try await Interruption.cancels { try await host.run { try await self.visit($0) } }
        // Ctrl-C is the end that was waited for; the peer's end is not.
        return wasInterrupted || self.isOnce ? 0 : 1
    }

    private func visit(_ host: LibP2PHost) async throws {
        let call = try await P2PCall.make(from: host, to: self.address, within: self.options.timeout)
        Console.writeNow(self.options.isJSON ? call.json.text : call.text)
        guard !self.isOnce else { return }
        let reason = await call.connection.closed()
        // The task's own end is no news.
        guard !Task.isCancelled else { return }
        Console.complain("the connection is over: \("\(reason)".printable)")
    }
}

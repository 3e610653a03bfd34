import LibP2P
import QUICIO

/// `tern p2p listen`: a peer that others can try things with.
struct P2PListener: Sendable {
    private let options: P2POptions
    private let addresses: [Multiaddress]
    private let inbox: PeerInbox
    private let log: P2PListenerLog

    init(_ options: P2POptions, _ arguments: inout Arguments) throws {
        self.options = options
        self.log = P2PListenerLog(isQuiet: arguments.flag("--quiet"), isJSON: options.isJSON)
        let limit = try arguments.whole("--limit", 1...Int.max)
        let folder = try arguments.option("--receive")
        if let folder, !DiskFile.isFolder(folder) {
            throw UsageError(message: "--receive is a folder that there is, not \(folder)")
        }
        guard limit == nil || folder != nil else { throw UsageError(message: "--limit belongs to --receive") }
        self.inbox = PeerInbox(folder: folder, limit: UInt64(limit ?? 1_000_000_000))
        var addresses: [Multiaddress] = []
        while let word = arguments.next() {
            guard !word.hasPrefix("-") else { throw UsageError(message: "\(word) is not understood") }
            addresses.append(try P2POptions.address(word))
        }
        self.addresses = addresses.isEmpty ? [try Multiaddress("/ip4/0.0.0.0/udp/4001/quic-v1")] : addresses
    }

    /// Returns the exit code.
    func run() async throws -> Int32 {
        let host = try self.options.host(listening: self.addresses)
        let (inbox, log) = (self.inbox, self.log)
        try host.handle("/echo/1.0.0") { stream in
            while let bytes = try await stream.read() { try await stream.write(bytes) }
        }
        try host.handle(PeerFileProtocol.name) { stream in
            do {
                log.add(received: try await inbox.take(from: stream), from: stream.peer)
            } catch {
                log.add(refused: error, from: stream.peer)
                guard error is PeerFileProtocol.Refusal else { throw error }
            }
        }
        let wasInterrupted = try await Interruption.cancels {
            try await host.run { host in
                let events = host.events()
                log.greet(host.addresses)
                for await event in events { log.add(event) }
            }
        }
        return wasInterrupted ? 0 : 1
    }
}

import LibP2P
import QUICIO

/// `tern p2p listen`: a peer that others can try things with.
struct P2PListener: Sendable {
    private let options: P2POptions
    private let addresses: [Multiaddress]
    private let inbox: PeerInbox
    private let log: P2PListenerLog
    /// Where others reach this peer through.
    private let relays: [Multiaddress]
    private let relaysForOthers: Bool

    init(_ options: P2POptions, _ arguments: inout Arguments) throws {
        self.options = options
        self.log = P2PListenerLog(isQuiet: arguments.flag("--quiet"), isJSON: options.isJSON)
        let limit = try arguments.whole("--limit", 1...Int.max)
        let folder = try arguments.option("--receive")
        if let folder, !DiskFile.isFolder(folder) {
            throw UsageError(message: "--receive is a folder that there is, not \(folder)")
        }
        guard limit == nil || folder != nil else { throw UsageError(message: "--limit belongs to --receive") }
        self.relaysForOthers = arguments.flag("--relay-server")
        self.relays = try (arguments.list("--relay") ?? []).map(P2POptions.address)
        guard !self.relaysForOthers || self.relays.isEmpty else {
            throw UsageError(message: "choose one of --relay and --relay-server")
        }
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
        let host = try self.options.host(
            listening: self.addresses, relay: self.relaysForOthers ? .server() : .client(at: self.relays))
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
                async let relaying: Void = self.greetThroughRelays(host)
                for await event in events { log.add(event) }
                try await relaying
            }
        }
        return wasInterrupted ? 0 : 1
    }

    /// Tells each address through a relay once there is a place.
    private func greetThroughRelays(_ host: LibP2PHost) async throws {
        var waiting = self.relays.map { Multiaddress.relayed(through: $0, to: host.peerID) }
        while !waiting.isEmpty {
            let known = host.addresses
            let ready = waiting.filter { known.contains($0) }
            if !ready.isEmpty { self.log.greet(ready) }
            waiting.removeAll { known.contains($0) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

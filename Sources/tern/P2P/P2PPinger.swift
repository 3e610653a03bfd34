import LibP2P
import QUICIO

/// `tern p2p ping`: the pings of libp2p, on a stream.
struct P2PPinger: Sendable {
    private let options: P2POptions
    private let address: Multiaddress
    private let count: Int?
    private let interval: Duration
    private let tally = PingTally()

    init(_ options: P2POptions, _ arguments: inout Arguments) throws {
        self.options = options
        let range = 1...1_000_000_000
        self.count = try arguments.whole("-c", range) ?? arguments.whole("--count", range)
        self.interval = .microseconds(Int64((try arguments.number("-i", 0.001...86_400) ?? 1) * 1e6))
        self.address = try P2POptions.address(&arguments, of: "ping")
        try arguments.end()
    }

    /// Returns the exit code.
    func run() async throws -> Int32 {
        let host = try self.options.host(dialling: self.address)
        var failure: (any Error)?
        do {
            _ = try await Interruption.cancels { try await host.run { try await self.pings(from: $0) } }
        } catch {
            failure = error
        }
        if let failure, !self.tally.isAnswered { throw failure }
        if let failure { self.say("no answer: \(Style.red(Complaint.words(failure)))") }
        let name = "\(self.address)"
        Console.write(
            self.options.isJSON
                ? self.tally.json(of: name, noun: "pings") : self.tally.summary(of: name, noun: "pings"))
        return self.tally.isAnswered && failure == nil ? 0 : 1
    }

    private func pings(from host: LibP2PHost) async throws {
        let connection = try await P2PCall.connect(host, to: self.address)
        self.tally.note(server: "\(connection.remoteAddress)")
        self.say("connected to \(connection.peer) at \(connection.remoteAddress)")
        let session = try await host.ping(connection.peer)
        for number in 1...(self.count ?? .max) {
            if number > 1 { try await Task.sleep(for: self.interval) }
            self.tally.send()
            do {
                let time = try await session.ping()
                self.tally.answer(time)
                self.say("answer from \(connection.remoteAddress): seq=\(number) time=\(time.text)")
            } catch {
                if Task.isCancelled { self.tally.withdraw() }
                throw error
            }
        }
        await session.close()
    }

    private func say(_ line: String) { if !self.options.isJSON { Console.writeNow(line) } }
}

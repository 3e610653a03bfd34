import QUIC
import QUICIO

/// Pings one server until there is no more to send, or Ctrl-C.
struct Pinger: Sendable {
    let server: HostAndPort
    let client: ClientOptions
    let protocols: [String]
    let count: Int?
    let interval: Duration
    let limit: Duration
    let isJSON: Bool
    private let tally = PingTally()

    init(
        server: HostAndPort, client: ClientOptions, protocols: [String], count: Int?, interval: Duration,
        limit: Duration, isJSON: Bool
    ) {
        (self.server, self.client, self.protocols, self.count) = (server, client, protocols, count)
        (self.interval, self.limit, self.isJSON) = (interval, limit, isJSON)
    }

    /// Returns the exit code.
    func run(isHandshakes: Bool) async throws -> Int32 {
        let noun = isHandshakes ? "handshakes" : "round trips"
        var failure: (any Error)?
        do {
            _ = try await Interruption.cancels {
                try await self.client.withEndpoint { endpoint in
                    if isHandshakes { try await self.handshakes(endpoint) } else { try await self.pings(endpoint) }
                }
            }
        } catch {
            failure = error
        }
        // Without a server there is nothing to sum up.
        if let failure { throw failure }
        Console.write(
            self.isJSON
                ? self.tally.json(of: "\(self.server)", noun: noun)
                : self.tally.summary(of: "\(self.server)", noun: noun))
        return self.tally.isAnswered ? 0 : 1
    }

    private var configuration: QUICClientConfiguration { self.client.configuration(protocols: self.protocols) }

    private func pings(_ endpoint: QUICEndpoint) async throws {
        var connection = try await self.greet(endpoint)
        try await self.repeatedly { number in
            if connection.closeError != nil {
                connection = try await self.dial(endpoint)
                self.say("connected again to \(connection.remoteAddress)")
            }
            let current = connection
            let path = current.path
            let start = MonotonicClock.now()
            let time = try await self.limited { try await current.ping() }
            let elapsed = MonotonicClock.elapsed(since: start)
            if current.path != path {
                self.say("the path changed: \(current.localAddress) to \(current.remoteAddress)")
            }
            // A packet is repeated after a probe timeout, and none is shorter than 20 ms more than a round trip: peers
            // may wait 25 ms before they acknowledge (RFC 9002 §6.2.1).
            let isRepeated = elapsed > time + .milliseconds(20)
            self.tally.answer(time, isRepeated: isRepeated)
            let more = isRepeated ? " (lost at first, \(elapsed.text) in all)" : ""
            self.say("answer from \(current.remoteAddress): seq=\(number) time=\(time.text)\(more)")
        }
        connection.close()
    }

    private func handshakes(_ endpoint: QUICEndpoint) async throws {
        self.say("handshakes with \(self.server), \(self.interval.text) apart")
        try await self.repeatedly { number in
            let start = MonotonicClock.now()
            let connection = try await self.client.connect(endpoint, to: self.server, self.configuration)
            let time = MonotonicClock.elapsed(since: start)
            self.tally.answer(time)
            self.tally.note(server: "\(connection.remoteAddress)")
            self.say("handshake with \(connection.remoteAddress): seq=\(number) time=\(time.text)")
            connection.close()
        }
    }

    private func dial(_ endpoint: QUICEndpoint) async throws -> QUICConnection {
        let connection = try await self.client.connect(endpoint, to: self.server, self.configuration)
        // Longer pauses than an idle timeout must not end it.
        if self.interval > .seconds(10) { try await connection.setKeepAlive(.seconds(10)) }
        return connection
    }

    /// Says whom it talks to.
    private func greet(_ endpoint: QUICEndpoint) async throws -> QUICConnection {
        let start = MonotonicClock.now()
        let connection = try await self.dial(endpoint)
        let time = MonotonicClock.elapsed(since: start)
        self.tally.note(server: "\(connection.remoteAddress)")
        guard let summary = connection.handshakeSummary else { return connection }
        self.say(
            "\(self.server)\(self.server.address == nil ? " is \(connection.remoteAddress)" : ""): QUIC v\(summary.version), "
                + "\(summary.applicationProtocol.printable), connected in \(time.text)")
        return connection
    }

    /// Calls `body` at each interval, and tells of those that fail.
    private func repeatedly(_ body: (Int) async throws -> Void) async throws {
        var number = 0
        while !Task.isCancelled, number < self.count ?? .max {
            number += 1
            let start = MonotonicClock.now()
            self.tally.send()
            do {
                try await body(number)
            } catch {
                if Task.isCancelled {
                    self.tally.withdraw()
                    return
                }
                self.say("no answer: seq=\(number) \(Style.red("\(error)".printable))")
            }
            guard number < self.count ?? .max else { return }
            let elapsed = MonotonicClock.elapsed(since: start)
            try? await Task.sleep(for: max(self.interval - elapsed, .zero))
        }
    }

    private func limited(_ body: @escaping @Sendable () async throws -> Duration) async throws -> Duration {
        try await withThrowingTaskGroup(of: Duration.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try await Task.sleep(for: self.limit)
                throw PingTimeout(limit: self.limit)
            }
            defer { group.cancelAll() }
            return try await group.next() ?? .zero
        }
    }

    private func say(_ line: String) { if !self.isJSON { Console.writeNow(line) } }
}

/// Nobody answered in time.
struct PingTimeout: Error, CustomStringConvertible {
    let limit: Duration

    var description: String { "nothing within \(self.limit.text)" }
}

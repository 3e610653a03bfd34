import QUIC
import QUICIO

// The modes that measure.

extension PeerClient {
    func download(_ endpoint: QUICEndpoint) async throws -> Findings {
        try await self.transfer(endpoint) { connection, share in
            let request = PerfRequest(answer: UInt64(share))
            return Int(clamping: try await request.run(on: connection))
        }
    }

    func upload(_ endpoint: QUICEndpoint) async throws -> Findings {
        try await self.transfer(endpoint) { connection, share in
            _ = try await PerfRequest(upload: UInt64(share)).run(on: connection)
            return share
        }
    }

    /// `body` moves a share and returns how many bytes those were.
    private func transfer(
        _ endpoint: QUICEndpoint, _ body: @escaping @Sendable (QUICConnection, Int) async throws -> Int
    ) async throws -> Findings {
        let connection = try await self.connect(endpoint)
        let share = self.options.bytes / self.options.streams
        let started = MonotonicClock.now()
        let moved = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<self.options.streams {
                group.addTask { try await body(connection, share) }
            }
            return try await group.reduce(0, +)
        }
        let seconds = Double(MonotonicClock.now() - started) / 1e9
        let expected = share * self.options.streams
        try self.need(moved == expected, "\(moved) bytes instead of \(expected)")
        var findings = Findings(connection)
        findings.add("bytes", .whole(moved))
        findings.add("secs", .fraction(seconds, digits: 4))
        findings.add("mbit", .fraction(Double(moved) * 8e-6 / max(seconds, 1e-9), digits: 1))
        connection.close()
        return findings
    }

    /// One byte there and back, one stream after another.
    func ping(_ endpoint: QUICEndpoint) async throws -> Findings {
        let connection = try await self.connect(endpoint)
        var times: [Double] = []
        let warmUp = 50
        for round in 0..<self.options.rounds + warmUp {
            let started = MonotonicClock.now()
            let stream = try await connection.openStream()
            try await stream.write([120])
            try stream.finish()
            try self.need(try await PerfRequest.drain(stream) == 1, "the echo differs")
            if round >= warmUp { times.append(Double(MonotonicClock.now() - started) / 1e3) }
        }
        times.sort()
        var findings = Findings()
        findings.add("rounds", .whole(times.count))
        findings.add("p50_us", .fraction(times[times.count / 2], digits: 1))
        findings.add("p99_us", .fraction(times[times.count * 99 / 100], digits: 1))
        findings.add("min_us", .fraction(times[0], digits: 1))
        connection.close()
        return findings
    }

    func handshakes(_ endpoint: QUICEndpoint) async throws -> Findings {
        let client = try self.configuration()
        let started = MonotonicClock.now()
        let (count, concurrency) = (self.options.count, min(self.options.concurrency, self.options.count))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<concurrency {
                let share = count / concurrency + (worker < count % concurrency ? 1 : 0)
                group.addTask {
                    for _ in 0..<share { try await endpoint.connect(to: self.options.address, client).close() }
                }
            }
            try await group.waitForAll()
        }
        let seconds = Double(MonotonicClock.now() - started) / 1e9
        var findings = Findings()
        findings.add("count", .whole(count))
        findings.add("conc", .whole(concurrency))
        findings.add("secs", .fraction(seconds, digits: 4))
        findings.add("hs_per_s", .fraction(Double(count) / max(seconds, 1e-9), digits: 1))
        return findings
    }

    /// Holds connections that do nothing.
    func idle(_ endpoint: QUICEndpoint) async throws -> Findings {
        var client = try self.configuration()
        client.transport.idleTimeout = max(client.transport.idleTimeout, .seconds(600))
        var connections: [QUICConnection] = []
        for _ in 0..<self.options.count {
            connections.append(try await endpoint.connect(to: self.options.address, client))
        }
        var ready = JSONObject()
        ready.add("ready", connections.count)
        Console.writeNow(ready.text)
        try await Task.sleep(for: self.options.hold)
        let living = connections.count { $0.closeError == nil }
        try self.need(living == connections.count, "only \(living) of \(connections.count) connections live")
        var findings = Findings()
        findings.add("conns", .whole(living))
        return findings
    }
}

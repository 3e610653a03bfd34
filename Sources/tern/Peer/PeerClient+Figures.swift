import QUIC
import QUICIO

// The modes that measure.

extension PeerClient {
    func download(_ endpoint: QUICEndpoint) async throws -> Findings {
        let arrivals = self.options.interval.map { PeerArrivals(interval: $0) }
        var findings = try await self.transfer(endpoint) { connection, share in
            var request = PerfRequest(answer: UInt64(share))
            if let arrivals {
                request.onProgress = { _, received in
                    arrivals.add(received)
                    return false
                }
            }
            return Int(clamping: try await request.run(on: connection))
        }
        if let arrivals { findings.add("intervals", .wholes(arrivals.counts)) }
        return findings
    }

    func upload(_ endpoint: QUICEndpoint) async throws -> Findings {
        try await self.transfer(endpoint) { connection, share in
            _ = try await PerfRequest(upload: UInt64(share)).run(on: connection)
            return share
        }
    }

    /// As many bytes up as down at the same time, each on streams of their own.
    func bothWays(_ endpoint: QUICEndpoint) async throws -> Findings {
        try await self.transfer(endpoint, ways: 2) { connection, share in
            async let down = PerfRequest(answer: UInt64(share)).run(on: connection)
            _ = try await PerfRequest(upload: UInt64(share)).run(on: connection)
            return Int(clamping: try await down) + share
        }
    }

    /// `body` moves a share `ways`, and returns how many bytes those were.
    private func transfer(
        _ endpoint: QUICEndpoint, ways: Int = 1,
        _ body: @escaping @Sendable (QUICConnection, Int) async throws -> Int
    ) async throws -> Findings {
        var connections: [QUICConnection] = []
        for _ in 0..<self.options.connections { connections.append(try await self.connect(endpoint)) }
        let share = self.options.bytes / self.options.streams / connections.count
        let started = MonotonicClock.now()
        let moved = try await withThrowingTaskGroup(of: Int.self) { group in
            for connection in connections {
                for _ in 0..<self.options.streams {
                    group.addTask { try await body(connection, share) }
                }
            }
            return try await group.reduce(0, +)
        }
        let seconds = Double(MonotonicClock.now() - started) / 1e9
        let expected = share * self.options.streams * connections.count * ways
        try self.need(moved == expected, "\(moved) bytes instead of \(expected)")
        var findings = connections.first.map { Findings($0) } ?? Findings()
        findings.add("bytes", .whole(moved))
        findings.add("secs", .fraction(seconds, digits: 4))
        findings.add("mbit", .fraction(Double(moved) * 8e-6 / max(seconds, 1e-9), digits: 1))
        for connection in connections { connection.close() }
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
        connection.close()
        return Findings(roundTrips: times)
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

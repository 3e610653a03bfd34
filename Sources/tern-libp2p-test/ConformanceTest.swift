import LibP2P
import QUICIO

/// One run of the test plan, in one of its roles.
struct ConformanceTest: Sendable {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        if self.settings.isDialer {
            try await self.limited { try await self.dial() }
        } else {
            try await self.listen()
        }
    }

    // MARK: Roles

    /// Listens, says where, and answers until the process is ended from outside.
    private func listen() async throws {
        let family = self.settings.listenerIP.utf8.contains(UInt8(ascii: ":")) ? "ip6" : "ip4"
        var configuration = LibP2PConfiguration()
        configuration.listenAddresses = [try Multiaddress("/\(family)/\(self.settings.listenerIP)/udp/0/quic-v1")]
        try await LibP2PHost(key: .generate(), configuration).run { host in
            guard let address = self.publishable(host.addresses) else {
                throw SettingsError(description: "nobody could reach \(self.settings.listenerIP)")
            }
            let events = host.events()
            let redis = try await RedisClient(host: self.settings.redis.host, port: self.settings.redis.port)
            try await redis.push("\(address)", to: self.settings.key)
            self.log("listening on \(address), as Redis knows under \(self.settings.key)")
            for await event in events { self.note("\(event)") }
        }
    }

    /// Finds the listener, dials it and pings it. The first ping ends what the plan calls the handshake and one round trip.
    private func dial() async throws {
        let redis = try await RedisClient(host: self.settings.redis.host, port: self.settings.redis.port)
        let address = try Multiaddress(try await self.waitForListener(redis))
        self.log("dialling \(address)")
        try await LibP2PHost(key: .generate()).run { host in
            let start = MonotonicClock.now()
            let connection = try await host.connect(to: address)
            let session = try await host.ping(connection.peer)
            _ = try await session.ping()
            let whole = MonotonicClock.elapsed(since: start)
            let roundTrip = try await session.ping()
            await session.close()
            self.log("connected to \(connection.peer)")
            Terminal.write(Self.report(handshakePlusOneRoundTrip: whole, roundTrip: roundTrip))
        }
    }

    private func waitForListener(_ redis: RedisClient) async throws -> String {
        self.log("waiting for \(self.settings.key)")
        while true {
            if let address = try await redis.take(self.settings.key) { return address }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Words

    /// What the plan reads: YAML, in milliseconds.
    static func report(handshakePlusOneRoundTrip whole: Duration, roundTrip: Duration) -> String {
        """
        latency:
          handshake_plus_one_rtt: \(self.milliseconds(whole))
          ping_rtt: \(self.milliseconds(roundTrip))
          unit: ms

        """
    }

    /// With three digits behind the point.
    static func milliseconds(_ time: Duration) -> String {
        let microseconds = Int64(time / .microseconds(1))
        let digits = "\(microseconds % 1_000)"
        return "\(microseconds / 1_000)." + String(repeating: "0", count: max(3 - digits.count, 0)) + digits
    }

    /// The dialler runs in another container: the loopback is the last resort.
    private func publishable(_ addresses: [Multiaddress]) -> Multiaddress? {
        addresses.first { $0.reach != .loopback && $0.reach != .linkLocal } ?? addresses.first
    }

    private func log(_ line: String) { Terminal.writeError("\(line)\n") }

    private func note(_ line: String) { if self.settings.isVerbose { self.log(line) } }

    private func limited(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let limit = self.settings.timeout
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw SettingsError(description: "it took longer than \(limit)")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

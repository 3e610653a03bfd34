import QUIC
import QUICEngine
import QUICIO

/// A real connection from this process to itself, over each address family.
struct LoopbackChecks: Sendable {
    let diagnosis: Diagnosis
    private static let bytes = 10_000_000

    func run() async {
        self.diagnosis.begin("Connection through this machine (10 MB)")
        await self.check("IPv4", .loopback())
        await self.check("IPv6", .loopbackIPv6())
    }

    private func check(_ name: String, _ address: NetworkAddress) async {
        do {
            let identity = try TLSIdentity.selfSigned()
            guard let server = await self.listen(name, address, identity) else { return }
            let serving = Task { await Self.serve(server) }
            let result: Result<Void, any Error>
            do { result = .success(try await self.transfer(name, server, identity)) } catch { result = .failure(error) }
            await server.shutdown(deadline: .milliseconds(200))
            serving.cancel()
            await serving.value
            try result.get()
        } catch {
            self.diagnosis.fail(
                name, "\(name): \(error)",
                hint: "a firewall that filters even the loopback (nft list ruleset), or a defect: please report it")
        }
    }

    private func listen(_ name: String, _ address: NetworkAddress, _ identity: TLSIdentity) async -> QUICEndpoint? {
        do {
            return try await QUICEndpoint.listen(
                on: address, QUICServerConfiguration(identity: identity, protocols: ["doctor"]))
        } catch {
            self.diagnosis.warn(
                name, "\(name): nobody can listen on \(address.host): \(error)",
                hint: "is \(name) switched off on this host? (sysctl net.ipv6.conf.lo.disable_ipv6)")
            return nil
        }
    }

    private static func serve(_ server: QUICEndpoint) async {
        try? await server.serve { connection in
            try await connection.serveStreams { stream in
                try await stream.write([UInt8](repeating: 7, count: Self.bytes))
            }
        }
    }

    private func transfer(_ name: String, _ server: QUICEndpoint, _ identity: TLSIdentity) async throws {
        let client = try await QUICEndpoint.bind(to: .any())
        var configuration = QUICClientConfiguration(protocols: ["doctor"])
        configuration.tls.trust = .pinned([identity.pin].compactMap { $0 })
        configuration.tls.serverName = "localhost"
        let result: Result<Void, any Error>
        do {
            let connection = try await client.connect(to: await server.localAddress, configuration)
            let start = MonotonicClock.now()
            let count = try await connection.withStream { stream in
                try stream.finish()
                return try await stream.readToEnd(limit: Self.bytes).count
            }
            let time = MonotonicClock.elapsed(since: start)
            let statistics = await connection.statistics()
            let sockets = await client.statistics().sockets
            self.report(name, count, time, statistics, connection.handshakeSummary, sockets)
            connection.close()
            result = .success(())
        } catch { result = .failure(error) }
        await client.shutdown(deadline: .milliseconds(200))
        try result.get()
    }

    private func report(
        _ name: String, _ count: Int, _ time: Duration, _ statistics: ConnectionStatistics,
        _ summary: HandshakeSummary?, _ sockets: QUICSocketStatistics
    ) {
        guard count == Self.bytes else {
            return self.diagnosis.fail(name, "\(name): \(count) bytes arrived instead of \(Self.bytes)")
        }
        var figures = JSONObject()
        let handshake = statistics.handshakeDuration ?? .zero
        figures.add("handshake_seconds", handshake.seconds, digits: 6)
        figures.add("bytes_per_second", Double(count) / max(time.seconds, 1e-9), digits: 0)
        figures.add("receive_overflow", sockets.receiveOverflow)
        let joined = sockets.receiveCalls > 0 ? Double(statistics.datagramsReceived) / Double(sockets.receiveCalls) : 0
        let sentence =
            "\(name): handshake in \(handshake.text) (\(summary?.cipher ?? "?"), \(summary?.group ?? "?")), then "
            + "\(ByteCount.rate(count, in: time)) in packets of \(statistics.maximumPayload) bytes, "
            + "\(joined.formatted(0)) per call"
        if sockets.receiveOverflow > 0 {
            self.diagnosis.warn(
                name, sentence + "; the receive buffer lost \(sockets.receiveOverflow)",
                hint: "allow larger buffers: sysctl -w net.core.rmem_max=\(UDPSocketOptions().receiveBuffer)", figures)
        } else {
            self.diagnosis.good(name, sentence, figures)
        }
    }
}

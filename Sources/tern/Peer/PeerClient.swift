import QUIC

/// The client of the matrix: does what the mode says and prints one JSON object about it.
struct PeerClient: Sendable {
    let options: PeerOptions

    init(_ options: PeerOptions) { self.options = options }

    /// What a mode found out.
    typealias Findings = PeerFindings

    /// Returns the exit code.
    func run() async -> Int32 {
        var report = JSONObject()
        report.add("stack", "tern")
        report.add("mode", self.options.mode.rawValue)
        do {
            let findings = try await self.boundedFindings()
            report.add("ok", true)
            findings.add(to: &report)
            Console.writeNow(report.text)
            return 0
        } catch {
            report.add("ok", false)
            report.add("error", "\(error)")
            Console.writeNow(report.text)
            return 1
        }
    }

    private func boundedFindings() async throws -> Findings {
        try await withThrowingTaskGroup(of: Findings.self) { group in
            group.addTask { try await self.findings() }
            group.addTask {
                try await Task.sleep(for: self.options.timeout)
                throw PeerFailure("nothing came of it within \(self.options.timeout)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? Findings()
        }
    }

    private func findings() async throws -> Findings {
        let local: NetworkAddress = self.options.address.family == .ipv4 ? .anyIPv4() : .any()
        let endpoint = try await QUICEndpoint.bind(to: local)
        // On the loop itself nothing waits for another thread between a packet and its answer.
        let executor = self.options.place == .loop ? endpoint.executor : nil
        var result = try await withTaskExecutorPreference(executor) { try await self.dispatch(endpoint) }
        await result.addCounts(of: endpoint)
        await endpoint.shutdown(deadline: .milliseconds(100))
        return result
    }

    private func dispatch(_ endpoint: QUICEndpoint) async throws -> Findings {
        switch self.options.mode {
        case .echo: try await self.echo(endpoint)
        case .dgram: try await self.datagrams(endpoint)
        case .zerortt: try await self.earlyData(endpoint)
        case .migrate: try await self.migrate(endpoint)
        case .keyupdate: try await self.updateKeys(endpoint)
        case .down: try await self.download(endpoint)
        case .up: try await self.upload(endpoint)
        case .both: try await self.bothWays(endpoint)
        case .ping: try await self.options.place == .loop ? self.pingOnLoop(endpoint) : self.ping(endpoint)
        case .dgrams: try await self.datagramRate(endpoint)
        case .hs: try await self.handshakes(endpoint)
        case .idle: try await self.idle(endpoint)
        }
    }

    /// How the server is dialled.
    func configuration() throws -> QUICClientConfiguration {
        var client = QUICClientConfiguration(protocols: self.options.protocols, transport: self.options.transport)
        client.tls.serverName = self.options.serverName
        client.tls.trust =
            self.options.isInsecure
            ? .insecureNoVerification : .roots(try TrustStore(file: self.options.authorities))
        client.tls.cryptography = self.options.common.cryptography
        return client
    }

    /// Connects, and checks what was to be expected of the handshake.
    func connect(_ endpoint: QUICEndpoint) async throws -> QUICConnection {
        let connection = try await endpoint.connect(to: self.options.address, try self.configuration())
        try self.check(connection)
        return connection
    }

    private func check(_ connection: QUICConnection) throws {
        guard let summary = connection.handshakeSummary else { throw PeerFailure("no handshake") }
        if let version = self.options.expectedVersion {
            try need(summary.version == version, "the version is \(summary.version) instead of \(version)")
        }
        if let cipher = self.options.common.cipher {
            try need(summary.cipher == cipher.rawValue, "the cipher is \(summary.cipher)")
        }
        if self.options.expectsRetry { try need(summary.didRetry, "the server sent no Retry") }
    }

    /// Sends on a new stream, and returns what comes back.
    func roundTrip(_ bytes: [UInt8], _ connection: QUICConnection) async throws -> [UInt8] {
        let stream = try await connection.openStream()
        async let sent: Void = {
            try await stream.write(bytes)
            try stream.finish()
        }()
        let answer = try await stream.readToEnd(limit: bytes.count + 1)
        try await sent
        return answer
    }

    /// Bytes that differ from place to place and from stream to stream.
    func pattern(_ count: Int, _ seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 29 &+ ($0 >> 8) &* 7 &+ seed &* 13) }
    }

    func need(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws {
        if !holds { throw PeerFailure(otherwise()) }
    }
}

/// A mode did not find what it should.
struct PeerFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

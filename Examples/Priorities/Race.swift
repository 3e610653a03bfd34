import ExampleSupport
import QUIC

/// Two streams of the same size. Bulk has begun when urgent starts, and urgent is there first.
actor Race {
    private enum Kind: UInt8, CaseIterable { case bulk, urgent }

    private let size: Int
    private var received: [Kind: Int] = [:]
    /// What had arrived of the other stream when this one was complete.
    private var otherAtEnd: [Kind: Int] = [:]

    private init(size: Int) { self.size = size }

    static func run(size: Int) async throws {
        let certificate = try LocalCertificate()
        let server = QUICServerConfiguration(identity: certificate.identity, protocols: ["priorities"])
        let endpoint = try await QUICEndpoint.listen(on: .loopback(), server)
        var client = QUICClientConfiguration(protocols: ["priorities"])
        client.tls.trust = certificate.trust
        // A narrow window, as on a slow path: there is always more to send than may be, so that priorities matter.
        client.transport.flowControl.connectionWindow = 64 << 10
        client.transport.flowControl.maximumConnectionWindow = 64 << 10

        let race = Race(size: size)
        async let sending: Void = race.send(to: endpoint.accept())
        let connection = try await endpoint.connect(to: endpoint.localAddress, client)
        try await race.receive(from: connection)
        try await sending
        connection.close()
        await race.report()
        await endpoint.shutdown()
    }

    // MARK: The server

    private nonisolated func send(to accepted: QUICConnection?) async throws {
        guard let connection = accepted else { return }
        // Urgency 0 goes first, 7 last. Streams of one class take turns when they are incremental.
        let bulk = try await connection.openStream(.unidirectional, priority: StreamPriority(urgency: 7))
        try await bulk.write([Kind.bulk.rawValue])
        try await bulk.write(Pattern.bytes(self.size / 8))

        let urgent = try await connection.openStream(.unidirectional, priority: StreamPriority(urgency: 0))
        try await urgent.write([Kind.urgent.rawValue])
        async let urgentIsWritten: Void = self.write(self.size, to: urgent)
        async let bulkIsWritten: Void = self.write(self.size - self.size / 8, to: bulk)
        _ = try await (urgentIsWritten, bulkIsWritten)
    }

    private nonisolated func write(_ count: Int, to stream: QUICStream) async throws {
        let block = Pattern.bytes(256 << 10)
        for offset in stride(from: 0, to: count, by: block.count) {
            try await stream.write(block.prefix(count - offset))
        }
        try stream.finish()
        try await stream.acknowledged()
    }

    // MARK: The client

    private nonisolated func receive(from connection: QUICConnection) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for _ in Kind.allCases {
                let stream = try await connection.acceptStream(.unidirectional)
                group.addTask { try await self.receive(stream) }
            }
        }
    }

    private nonisolated func receive(_ stream: QUICStream) async throws {
        guard let kind = Kind(rawValue: try await stream.readExactly(1)[0]) else { return }
        while let chunk = try await stream.readChunk() { await self.note(chunk.count, kind) }
        await self.noteEnd(kind)
    }

    private func note(_ count: Int, _ kind: Kind) { self.received[kind, default: 0] += count }

    private func noteEnd(_ kind: Kind) {
        self.otherAtEnd[kind] = self.received[kind == .bulk ? .urgent : .bulk, default: 0]
    }

    private func report() {
        for kind in [Kind.urgent, .bulk] {
            let other = kind == .bulk ? Kind.urgent : .bulk
            let percent = (self.otherAtEnd[kind] ?? 0) * 100 / self.size
            say("\(kind) complete: \(self.received[kind] ?? 0) bytes, when \(percent) % of \(other) had arrived")
        }
    }
}

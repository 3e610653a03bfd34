import QUIC
import QUICIO
import Synchronization

extension PerfClient {
    /// Bytes down, up, or both at the same time.
    func transfer(_ test: PerfOptions.Test, _ endpoint: QUICEndpoint) async throws -> PerfResult {
        let connections = try await self.connect(endpoint, count: self.options.connections)
        let lanes = connections.flatMap { [QUICConnection](repeating: $0, count: self.options.streams) }
        let meter = PerfMeter(test.extent)
        let directions = [(true, test.kind != .upload), (false, test.kind != .download)].filter(\.1).map(\.0)
        let workers = directions.flatMap { isDown in
            lanes.indices.map { lane in
                { @Sendable () async throws -> Void in
                    if case .amount(let amount) = test.extent {
                        let share = amount / lanes.count + (lane < amount % lanes.count ? 1 : 0)
                        try await Self.move(UInt64(share), isDown: isDown, on: lanes[lane], meter)
                    } else {
                        // In pieces: not every server likes to promise a petabyte.
                        repeat {
                            try await Self.move(256 << 20, isDown: isDown, on: lanes[lane], meter)
                        } while !meter.isOver
                    }
                }
            }
        }
        var result = try await self.drive(test, meter, workers)
        for connection in connections {
            result.connections.append(await connection.statistics())
            connection.close()
        }
        return result
    }

    private static func move(_ count: UInt64, isDown: Bool, on connection: QUICConnection, _ meter: PerfMeter)
        async throws
    {
        let request = PerfRequest(
            answer: isDown ? count : 0, upload: isDown ? 0 : count, onProgress: { meter.add(sent: $0, received: $1) })
        let received = try await request.run(on: connection)
        guard received == request.answer || meter.isOver else { throw PerfFailure(received, request.answer) }
    }

    /// Small requests, each on a stream of its own.
    func requests(_ test: PerfOptions.Test, _ endpoint: QUICEndpoint) async throws -> PerfResult {
        let connections = try await self.connect(endpoint, count: self.options.connections)
        let request = PerfRequest(
            answer: UInt64(self.options.responseSize), upload: UInt64(self.options.requestSize - 8))
        for connection in connections {
            for _ in 0..<(100 / connections.count) { _ = try await request.run(on: connection) }
        }
        let meter = PerfMeter(test.extent)
        let workers = (0..<self.options.concurrency).map { number in
            { @Sendable () async throws -> Void in
                let connection = connections[number % connections.count]
                while meter.takesTurn() {
                    let start = MonotonicClock.now()
                    let received = try await request.run(on: connection)
                    guard received == request.answer else { throw PerfFailure(received, request.answer) }
                    meter.record(since: start)
                }
            }
        }
        var result = try await self.drive(test, meter, workers)
        for connection in connections {
            result.connections.append(await connection.statistics())
            connection.close()
        }
        return result
    }

    /// New connections, one after another in each of the workers.
    func handshakes(_ test: PerfOptions.Test, _ endpoint: QUICEndpoint) async throws -> PerfResult {
        let configuration = self.client.named(
            self.client.configuration(protocols: [PerfRequest.applicationProtocol]), self.server)
        let first = try await self.connect(endpoint, count: 1)
        // The address that answered: the others need not be tried again.
        guard let address = first.first?.remoteAddress else { throw PerfFailure("no connection") }
        for connection in first { connection.close() }
        let resumes = test.kind == .resumptions
        let seeds = resumes ? try await self.seeds(endpoint, address, configuration) : []
        let resumed = Atomic<Int>(0)
        let meter = PerfMeter(test.extent)
        let workers = (0..<self.options.concurrency).map { number in
            { @Sendable () async throws -> Void in
                var configuration = configuration
                if resumes { configuration.sessions = seeds[number] }
                while meter.takesTurn() {
                    let start = MonotonicClock.now()
                    let connection = try await endpoint.connect(to: address, configuration)
                    meter.record(since: start)
                    if resumes {
                        if connection.handshakeSummary?.isResumed == true { resumed.wrappingAdd(1, ordering: .relaxed) }
                        try await Self.awaitTicket(connection)
                    }
                    connection.close()
                }
            }
        }
        var result = try await self.drive(test, meter, workers)
        if resumes { result.resumed = resumed.load(ordering: .relaxed) }
        return result
    }

    /// A store with a ticket for each worker.
    private func seeds(_ endpoint: QUICEndpoint, _ address: NetworkAddress, _ configuration: QUICClientConfiguration)
        async throws -> [MemoryStore]
    {
        var stores: [MemoryStore] = []
        for _ in 0..<self.options.concurrency {
            let store = MemoryStore()
            var configuration = configuration
            configuration.sessions = store
            let connection = try await endpoint.connect(to: address, configuration)
            try await Self.awaitTicket(connection)
            connection.close()
            stores.append(store)
        }
        return stores
    }

    /// Waits until the connection can be resumed.
    static func awaitTicket(_ connection: QUICConnection) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Self.awaitTicketForEver(connection) }
            group.addTask {
                try await Task.sleep(for: .seconds(5))
                throw PerfFailure("the server gave no ticket within 5 s: nothing can be resumed with it")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The same where the caller has a limit of its own: two tasks and a timer for each connection would be measured too.
    static func awaitTicketForEver(_ connection: QUICConnection) async throws {
        while let event = try await connection.events.next() {
            if case .ticketReceived = event { return }
        }
        throw PerfFailure("the connection ended before the server gave a ticket")
    }
}

/// The server did not do what ALPN `perf` says.
struct PerfFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ received: UInt64, _ expected: UInt64) {
        self.description = "the server answered with \(received) bytes instead of \(expected): does it speak ALPN perf?"
    }
}

import QUIC
import QUICIO

/// The end that receives, and judges.
struct TransferClient: Sendable {
    var bytes = 1_000_000_000
    var streams = 4
    /// Whether as much goes the other way at the same time.
    var goesBothWays = false
    var showsProgress = true

    /// Fetches from the server whose key has that pin.
    func run(host: String, port: UInt16, pin: PublicKeyPin) async throws -> TransferReport {
        var client = QUICClientConfiguration(protocols: [TransferProtocol.name], transport: TransferProtocol.transport)
        client.tls.trust = .pinned([pin])
        let endpoint = try await QUICEndpoint.bind(
            configuration: .defaults { $0.onWarning = { Console.complain("warning: \($0)") } })
        let connection = try await endpoint.connect(to: host, port: port, client)
        let processor = ProcessorClock.now()
        let progress = TransferProgress(total: self.goesBothWays ? 2 * self.bytes : self.bytes)
        let problems = try await self.moveAll(connection, progress)
        let seconds = progress.seconds

        let statistics = await connection.statistics()
        let report = TransferReport(
            bytes: self.bytes, streams: self.streams, goesBothWays: self.goesBothWays, seconds: seconds,
            handshake: statistics.handshakeDuration, summary: connection.handshakeSummary,
            remote: connection.remoteAddress,
            sender: try await self.figures(connection),
            receiver: TransferFigures(
                processor: ProcessorClock.now() - processor, connection: statistics,
                endpoint: await endpoint.statistics()),
            problems: problems)
        connection.close()
        await endpoint.shutdown()
        return report
    }

    private func moveAll(_ connection: QUICConnection, _ progress: TransferProgress) async throws -> [String] {
        try await withThrowingTaskGroup(of: String?.self) { group in
            let showing = Task { if self.showsProgress { await progress.show() } }
            let pattern = self.goesBothWays ? TransferPattern() : nil
            let share = self.bytes / self.streams
            for number in 0..<self.streams {
                let count = number == 0 ? self.bytes - share * (self.streams - 1) : share
                group.addTask { try await self.fetch(count, connection, progress) }
                guard let pattern else { continue }
                group.addTask { try await self.deliver(count, pattern, connection, progress) }
            }
            var problems: [String] = []
            do {
                for try await problem in group { problems += problem.map { [$0] } ?? [] }
            } catch {
                showing.cancel()
                await showing.value
                throw error
            }
            showing.cancel()
            await showing.value
            if self.showsProgress { progress.draw() }
            Console.endProgress()
            return problems
        }
    }

    /// Returns what is wrong with what arrived; nil: nothing.
    private func fetch(_ count: Int, _ connection: QUICConnection, _ progress: TransferProgress) async throws -> String?
    {
        try await connection.withStream { stream in
            try await stream.write(TransferProtocol.Request.data(count).bytes)
            self.finish(stream)
            let receipt = try await TransferReceipt.read(count, from: stream) { progress.add($0) }
            return receipt.problem(stream.id)
        }
    }

    /// Returns what is wrong with what the server got; nil: nothing.
    private func deliver(
        _ count: Int, _ pattern: TransferPattern, _ connection: QUICConnection, _ progress: TransferProgress
    ) async throws -> String? {
        try await connection.withStream { stream in
            try await stream.write(TransferProtocol.Request.delivery(count).bytes)
            _ = try await pattern.send(count, to: stream) { progress.add($0) }
            self.finish(stream)
            let isWhole = try await stream.readToEnd(limit: 8) == TransferProtocol.bytes(0)
            return isWhole ? nil : "stream \(stream.id) arrived damaged at the server"
        }
    }

    private func figures(_ connection: QUICConnection) async throws -> TransferFigures {
        try await connection.withStream { stream in
            try await stream.write(TransferProtocol.Request.figures.bytes)
            self.finish(stream)
            let text = try await stream.readToEnd(limit: TransferProtocol.figuresLimit)
            return TransferFigures(String(decoding: text, as: UTF8.self))
        }
    }

    /// A server that has all it asked for may have told us to stop already: that is no failure.
    private func finish(_ stream: QUICStream) { try? stream.finish() }
}

import QUIC
import QUICIO
import Synchronization

/// `tern perf client`: runs the tests one after another and shows what they found.
struct PerfClient: Sendable {
    let server: HostAndPort
    let client: ClientOptions
    let options: PerfOptions
    private let report = PerfReport()

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        let options = try PerfOptions(&arguments)
        let client = try ClientOptions(&arguments)
        guard let word = arguments.next() else { throw UsageError(message: "perf client needs HOST or HOST:PORT") }
        try arguments.end()
        return try await PerfClient(
            server: try HostAndPort(word, port: 4433), client: client, options: options
        ).run()
    }

    private init(server: HostAndPort, client: ClientOptions, options: PerfOptions) {
        (self.server, self.client, self.options) = (server, client, options)
    }

    private func run() async throws -> Int32 {
        let wasInterrupted = try await Interruption.cancels {
            try await self.client.withEndpoint { endpoint in
                if self.options.isOnLoop {
                    try await withTaskExecutorPreference(endpoint.executor) { try await self.measure(endpoint) }
                } else {
                    try await self.measure(endpoint)
                }
            }
        }
        self.show()
        if wasInterrupted { return Interruption.exitCode }
        return self.report.content.1.contains { $0.failure != nil } ? 1 : 0
    }

    private func measure(_ endpoint: QUICEndpoint) async throws {
        for (number, test) in self.options.tests.enumerated() {
            var result: PerfResult
            do {
                result = try await self.measure(test, endpoint)
            } catch {
                // Where the first one fails there is probably no server; later ones have a say of their own.
                guard number > 0, !Task.isCancelled else { throw error }
                result = PerfResult(test.kind, failure: "\(error)".printable)
                Console.complain("\(test.kind.rawValue): \("\(error)".printable)")
            }
            self.report.add(result)
            // Of a single test, or of tests in sequence, each is shown when it is there.
            if !self.options.isJSON, !self.isOneTable, result.failure == nil { Console.writeNow(result.table) }
            if result.isInterrupted { return }
        }
    }

    private func measure(_ test: PerfOptions.Test, _ endpoint: QUICEndpoint) async throws -> PerfResult {
        switch test.kind {
        case .download, .upload, .both: try await self.transfer(test, endpoint)
        case .requests: try await self.requests(test, endpoint)
        case .handshakes, .resumptions: try await self.handshakes(test, endpoint)
        }
    }

    private var isOneTable: Bool { self.options.tests.count > 2 }

    private func show() {
        let (summary, results) = self.report.content
        if self.options.isJSON {
            var object = JSONObject()
            object.add("server", "\(self.server)")
            if let summary {
                object.add("version", "\(summary.version)")
                object.add("cipher", summary.cipher)
            }
            object.add("streams", self.options.streams)
            object.add("connections", self.options.connections)
            object.add("concurrency", self.options.concurrency)
            object.add("on", self.options.isOnLoop ? "loop" : "pool")
            object.add("tests", results.map(\.json))
            Console.write(object.text)
        } else if self.isOneTable {
            var table = TextTable(("test", .left), ("result", .right), ("beside it", .left))
            for result in results {
                let mark = result.isInterrupted ? " (interrupted)" : ""
                table.add([result.kind.rawValue + mark, result.headline.result, result.headline.detail])
            }
            Console.write(table.text(width: Terminal.width))
        }
    }

    /// The connections of a test, made before it begins.
    func connect(_ endpoint: QUICEndpoint, count: Int) async throws -> [QUICConnection] {
        let configuration = self.client.configuration(protocols: [PerfRequest.applicationProtocol])
        var connections: [QUICConnection] = []
        for _ in 0..<count {
            connections.append(try await self.client.connect(endpoint, to: self.server, configuration))
        }
        if let summary = connections.first?.handshakeSummary { self.report.note(summary) }
        return connections
    }

    /// Runs workers until they are done, or the user has seen enough: then what they did until there is the result.
    func drive(
        _ test: PerfOptions.Test, _ meter: PerfMeter,
        _ workers: [@Sendable () async throws -> Void]
    ) async throws -> PerfResult {
        let progress = Task { await meter.showProgress(test.kind) }
        defer { progress.cancel() }
        var failure: (any Error)?
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in workers { group.addTask(operation: worker) }
                try await group.waitForAll()
            }
        } catch {
            failure = error
        }
        var result = PerfResult(test.kind, meter)
        progress.cancel()
        await progress.value
        result.isInterrupted = Task.isCancelled
        if let failure, !Task.isCancelled { throw failure }
        return result
    }
}

/// What comes together while the tests run; an interruption must not lose it.
final class PerfReport: Sendable {
    private let state = Mutex<(summary: HandshakeSummary?, results: [PerfResult])>((nil, []))

    var content: (HandshakeSummary?, [PerfResult]) { self.state.withLock { ($0.summary, $0.results) } }

    func note(_ summary: HandshakeSummary) { self.state.withLock { $0.summary = $0.summary ?? summary } }

    func add(_ result: PerfResult) { self.state.withLock { $0.results.append(result) } }
}

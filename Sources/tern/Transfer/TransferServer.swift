import QUIC
import QUICIO
import Synchronization

/// The end that sends, and receives where the other one wants that as well.
final class TransferServer: Sendable {
    private let endpoint: QUICEndpoint
    private let pattern = TransferPattern()
    /// Processor time when the first request came: what was used before is not the transfer's.
    private let processorAtStart = Mutex<UInt64?>(nil)

    /// Prints where it listens and the pin of its key; returns after the first connection if `once`.
    static func run(port: UInt16, isLocal: Bool, once: Bool) async throws {
        let template = CertificateTemplate(
            commonName: "tern transfer", names: ["localhost"], now: WallClock.seconds())
        let identity = try TLSIdentity(template.issue())
        var configuration = QUICServerConfiguration(
            identity: identity, protocols: [TransferProtocol.name], transport: TransferProtocol.transport)
        // Whoever dials once and keeps silent must not hold a server that serves once.
        configuration.transport.idleTimeout = .seconds(10)
        let endpoint = try await QUICEndpoint.listen(
            on: isLocal ? .loopback(port: port) : .any(port: port), configuration,
            configuration: .defaults { $0.onWarning = { Console.complain("warning: \($0)") } })
        let pin = identity.pin?.description ?? ""
        Console.write("listening on \(await endpoint.localAddress) pin \(pin)")
        Console.flush()
        let server = TransferServer(endpoint: endpoint)
        if once {
            guard let connection = try await endpoint.accept() else { return }
            endpoint.stopListening()
            try? await connection.serveStreams { try await server.answer($0) }
            await endpoint.shutdown()
        } else {
            try await endpoint.serve { try await $0.serveStreams { try await server.answer($0) } }
        }
    }

    private init(endpoint: QUICEndpoint) { self.endpoint = endpoint }

    private func answer(_ stream: QUICStream) async throws {
        self.processorAtStart.withLock { $0 = $0 ?? ProcessorClock.now() }
        guard let request = TransferProtocol.Request(try await stream.readExactly(TransferProtocol.requestLength))
        else { return stream.abort(code: 1) }
        switch request {
        case .data(let count): _ = try await self.pattern.send(count, to: stream)
        case .figures: try await stream.write(self.figures(of: stream.connection))
        case .delivery(let count):
            let problem = try await TransferReceipt.read(count, from: stream).problem(stream.id)
            try await stream.write(TransferProtocol.bytes(problem == nil ? 0 : 1))
        }
    }

    private func figures(of connection: QUICConnection) async -> String {
        let figures = TransferFigures(
            processor: ProcessorClock.now() - (self.processorAtStart.withLock { $0 } ?? 0),
            connection: await connection.statistics(), endpoint: await self.endpoint.statistics())
        return figures.text
    }
}

import QUIC
import QUICIO
import QUICTestSupport

/// A server that sends datagrams back, on an event loop of its own, and a client with many connections to it.
struct EchoService {
    private let server: QUICEndpoint
    private let client: QUICEndpoint
    private let connections: [QUICConnection]

    private final class Echo: QUICConnectionHandler {
        func datagramReadable(on connection: isolated QUICConnection) {
            while let datagram = connection.readDatagram() { connection.sendDatagramNow(datagram) }
        }
    }

    init(connections count: Int) async throws {
        let identities = try TestIdentities(now: WallClock.seconds(), keyKind: .ecdsaP256)
        let transport = EngineConfiguration.defaults {
            $0.versions = [.version1]
            $0.idleTimeout = .seconds(3_600)
            $0.datagrams.maximumFrameSize = 65_535
        }
        var server = QUICServerConfiguration(
            identity: try identities.identity(for: ["localhost"], keyKind: .ecdsaP256), protocols: ["echo"],
            transport: transport)
        server.tls.cryptography.ciphers = [.aes128GCM]
        server.handler = { _ in Echo() }
        var client = QUICClientConfiguration(protocols: ["echo"], transport: transport)
        client.tls.serverName = "localhost"
        client.tls.trust = .roots(identities.store)
        self.server = try await .listen(
            on: .loopback(port: 0), server, configuration: .defaults { $0.firstLoop = 0 })
        self.client = try await .bind(to: .loopback(port: 0), configuration: .defaults { $0.firstLoop = 1 })
        self.connections = try await Self.connect(count, self.client, to: await self.server.localAddress, client)
    }

    private static func connect(
        _ count: Int, _ endpoint: QUICEndpoint, to address: NetworkAddress, _ client: QUICClientConfiguration
    ) async throws -> [QUICConnection] {
        try await withThrowingTaskGroup(of: [QUICConnection].self) { group in
            let workers = min(count, 16)
            for worker in 0..<workers {
                group.addTask {
                    var connections: [QUICConnection] = []
                    for _ in stride(from: worker, to: count, by: workers) {
                        let connection = try await endpoint.connect(to: address, client)
                        try await connection.handshakeConfirmed()
                        connections.append(connection)
                    }
                    return connections
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Nanoseconds of the server's event loop for each packet that it received while messages came and went, `inFlight`
    /// at a time and `active` connections in turn.
    func cost(messages: Int, active: Int, inFlight: Int) async throws -> Double {
        let chosen = Array(self.connections.prefix(active))
        let before = await self.snapshot()
        try await withTaskExecutorPreference(self.client.executor) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let workers = min(inFlight, active)
                for worker in 0..<workers {
                    let own = stride(from: worker, to: chosen.count, by: workers).map { chosen[$0] }
                    group.addTask { try await Self.exchange(messages / workers, own) }
                }
                group.addTask {
                    try await Task.sleep(for: .seconds(120))
                    throw PeerFailure("a datagram was lost on the way: try fewer --in-flight")
                }
                for _ in 0..<workers { try await group.next() }
                group.cancelAll()
            }
        }
        let after = await self.snapshot()
        return Double(after.nanoseconds - before.nanoseconds) / Double(max(after.packets - before.packets, 1))
    }

    private static func exchange(_ count: Int, _ connections: [QUICConnection]) async throws {
        let message = [UInt8](repeating: 0x55, count: 64)
        for number in 0..<count {
            let connection = connections[number % connections.count]
            try await connection.sendDatagram(message)
            _ = try await connection.receiveDatagram()
        }
    }

    private func snapshot() async -> (nanoseconds: UInt64, packets: UInt64) {
        let nanoseconds = await withTaskExecutorPreference(self.server.executor) { await Self.threadTime() }
        return (nanoseconds, await self.server.statistics().datagramsReceived)
    }

    /// Of whichever thread the task runs on: here the event loop's.
    @concurrent private static func threadTime() async -> UInt64 { ThreadClock.now() }

    func end() async {
        await self.client.shutdown(deadline: .zero)
        await self.server.shutdown(deadline: .zero)
    }
}

import ExampleSupport
import QUIC

/// A download, and a move from 127.0.0.1 to 127.0.0.2 when a quarter of it is there.
enum NetworkSwitch {
    static func run(size: Int) async throws {
        let certificate = try LocalCertificate()
        let server = QUICServerConfiguration(identity: certificate.identity, protocols: ["download"])
        let listening = try await QUICEndpoint.listen(on: .loopback(), server)
        let data = Pattern.bytes(size)
        let serving = Task {
            try await listening.serve { connection in
                async let reporting: Void = Self.report(connection, as: "server")
                try await connection.serveStreams { try await $0.write(data) }
                try await reporting
            }
        }

        let dialling = try await QUICEndpoint.bind(to: .loopback())
        var client = QUICClientConfiguration(protocols: ["download"])
        client.tls.trust = certificate.trust
        // The server is never far ahead of the reader.
        client.transport.flowControl.maximumStreamWindow = 0
        let connection = try await dialling.connect(to: listening.localAddress, client)
        async let reporting: Void = Self.report(connection, as: "client")
        say("client: connected, \(connection.path)")

        let received = try await connection.withStream { stream in
            try stream.finish()
            return try await Self.download(size, from: stream) {
                say("client: moving with \($0 * 100 / size) % received")
                try await connection.migrate(to: NetworkAddress(ipv4: (127, 0, 0, 2), port: 0))
                say("client: moved, \(connection.path)")
            }
        }
        say("client: received \(size) bytes, \(received == Checksum(of: data) ? "unchanged" : "DAMAGED")")

        for path in await connection.statistics().paths {
            say("client: \(path.bytesReceived) bytes came over \(path.path)")
        }
        connection.close()
        try await reporting
        await dialling.shutdown()
        await listening.shutdown()
        try await serving.value
    }

    /// Reads on while the connection moves: nothing has to stop for it. Only half-way it waits until that is done, because on
    /// the loopback the rest could be here before.
    private static func download(
        _ size: Int, from stream: QUICStream, move: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> Checksum {
        var (checksum, count) = (Checksum(), 0)
        var moving: Task<Void, any Error>?
        while let bytes = try await stream.read() {
            checksum.add(bytes)
            count += bytes.count
            if moving == nil, count >= size / 4 {
                let received = count
                moving = Task { try await move(received) }
            }
            if count >= size / 2 { try await moving?.value }
        }
        return checksum
    }

    private static func report(_ connection: QUICConnection, as name: String) async throws {
        for try await event in connection.events {
            switch event {
            case .pathChanged(let path): say("\(name): path is now \(path)")
            case .pathValidated(let path, let succeeded): say("\(name): \(path) \(succeeded ? "answers" : "is silent")")
            default: break
            }
        }
    }
}

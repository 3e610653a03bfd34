import ExampleSupport
import QUIC

/// The room: passes on what one guest says to all others.
actor ChatRoom {
    private var guests: [QUICConnection: String] = [:]

    static func run(port: UInt16) async throws {
        let certificate = try LocalCertificate()
        try certificate.write(to: "localhost.pem")
        var server = QUICServerConfiguration(identity: certificate.identity, protocols: ["chat"])
        server.transport.datagrams.maximumFrameSize = 1_200
        server.transport.keepAlive = .seconds(15)
        let endpoint = try await QUICEndpoint.listen(on: .any(port: port), server)
        say("listening on \(await endpoint.localAddress)")

        let room = ChatRoom()
        try await endpoint.serve { connection in
            let name = try await room.welcome(connection)
            do {
                for try await datagram in connection.datagrams {
                    await room.pass("\(name): \(String(decoding: datagram, as: UTF8.self))", from: connection)
                }
            } catch {
                say("\(name) fell silent: \(error)")
            }
            await room.bid(farewell: connection)
        }
    }

    /// Streams are for what must not get lost: the name, and that it was understood.
    private func welcome(_ connection: QUICConnection) async throws -> String {
        let stream = try await connection.acceptStream(.bidirectional)
        let name = String(decoding: try await stream.readToEnd(limit: 64), as: UTF8.self)
        self.guests[connection] = name
        try await stream.write("welcome \(name), guests: \(self.guests.values.sorted().joined(separator: ", "))")
        try stream.finish()
        self.pass("* \(name) came in", from: connection)
        say("\(name) came in from \(connection.remoteAddress)")
        return name
    }

    private func pass(_ line: String, from speaker: QUICConnection) {
        for guest in self.guests.keys where guest != speaker {
            // A guest whose queue is full misses a line; the others do not wait for it.
            _ = try? guest.trySendDatagram(Array(line.utf8))
        }
    }

    private func bid(farewell connection: QUICConnection) {
        guard let name = self.guests.removeValue(forKey: connection) else { return }
        self.pass("* \(name) went out", from: connection)
        say("\(name) went out")
    }
}

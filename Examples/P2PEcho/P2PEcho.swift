import ExampleSupport
import Foundation
import LibP2P

/// A node that sends back what it is sent, and one that asks it.
///
///     swift run P2PEchoExample listen                     prints its address
///     swift run P2PEchoExample ask ADDRESS TEXT...        sends each text on a stream of its own, all at once
///
/// The listener's key is in the file echo.key, so that its address stays the same.
@main
enum P2PEcho {
    private static let echo: ProtocolID = "/echo/1.0.0"

    static func main() async {
        do {
            switch (Words.at(0), Words.all.count) {
            case ("listen", 1...2): try await self.listen(port: Words.port(at: 1, else: 4001))
            case ("ask", 3...): try await self.ask(Multiaddress(Words.all[1]), Array(Words.all[2...]))
            default: Words.explain("Usage: P2PEchoExample listen [PORT] | ask ADDRESS TEXT...")
            }
        } catch {
            say("error: \(error)")
            exit(1)
        }
    }

    private static func listen(port: UInt16) async throws {
        var configuration = LibP2PConfiguration()
        configuration.listenAddresses = [try Multiaddress("/ip4/0.0.0.0/udp/\(port)/quic-v1")]
        let host = try LibP2PHost(key: KeyFile.loadOrCreate("echo.key"), configuration)
        try host.handle(self.echo) { stream in
            for try await bytes in stream { try await stream.write(bytes) }
        }
        let events = host.events()
        try await host.run { host in
            for address in host.addresses { say("listening on \(address)") }
            for await event in events {
                switch event {
                case .connected(let connection, _): say("\(connection.peer) is here")
                case .disconnected(let connection, _, isLast: true): say("\(connection.peer) left")
                default: break
                }
            }
        }
    }

    private static func ask(_ address: Multiaddress, _ texts: [String]) async throws {
        try await LibP2PHost(key: .generate()).run { host in
            // The handshake proves that the peer is the one that the address names.
            let connection = try await host.connect(to: address)
            say("connected to \(connection.peer)")
            let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for (number, text) in texts.enumerated() {
                    group.addTask { (number, try await self.answer(to: text, from: connection.peer, on: host)) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for number in texts.indices { say("echo: \(answers[number] ?? "")") }
        }
    }

    private static func answer(to text: String, from peer: PeerID, on host: LibP2PHost) async throws -> String {
        try await host.withStream(to: peer, self.echo) { stream in
            try await stream.write(text)
            try await stream.closeWrite()
            return String(decoding: try await stream.readToEnd(limit: 65_536), as: UTF8.self)
        }
    }
}

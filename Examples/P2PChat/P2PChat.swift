import ExampleSupport
import Foundation
import LibP2P
import QUIC

/// A chat with a node, which goes on when the guest changes to another network.
///
///     swift run P2PChatExample listen                     prints its address, and what guests say
///     swift run P2PChatExample join ADDRESS NAME          sends the lines that you type, until the input ends
///     swift run P2PChatExample move ADDRESS NAME          says something, moves to 127.0.0.2, and goes on
///
/// Lines go both ways on one stream. `NAME:` in front of a line sets the guest's name, and is answered with `OK`; every
/// other line is printed and confirmed.
@main
enum P2PChat {
    private static let chat: ProtocolID = "/chat/1.0.0"

    static func main() async {
        do {
            switch (Words.at(0), Words.all.count) {
            case ("listen", 1...2): try await self.listen(port: Words.port(at: 1, else: 4001))
            case ("join", 3): try await self.join(Multiaddress(Words.all[1]), as: Words.all[2])
            case ("move", 3): try await self.move(Multiaddress(Words.all[1]), as: Words.all[2])
            default: Words.explain("Usage: P2PChatExample listen [PORT] | join ADDRESS NAME | move ADDRESS NAME")
            }
        } catch {
            say("error: \(error)")
            exit(1)
        }
    }

    // MARK: The node

    private static func listen(port: UInt16) async throws {
        var configuration = LibP2PConfiguration()
        configuration.listenAddresses = [try Multiaddress("/ip4/0.0.0.0/udp/\(port)/quic-v1")]
        let host = try LibP2PHost(key: .generate(), configuration)
        try host.handle(self.chat) { try await self.serve(ChatLines($0)) }
        try await host.run { host in
            for address in host.addresses { say("listening on \(address)") }
            while true { try await Task.sleep(for: .seconds(3_600)) }
        }
    }

    private static func serve(_ lines: ChatLines) async throws {
        var lines = lines
        var name = "somebody"
        while let line = try await lines.next() {
            if line.hasPrefix("NAME:") {
                name = String(line.dropFirst(5).prefix(32))
                try await lines.write("OK")
            } else {
                // The address is the guest's present one.
                say("\(name): \(line) (from \(lines.origin))")
                try await lines.write("Message received: \(line)")
            }
        }
        say("\(name) left")
    }

    // MARK: The guest

    private static func join(_ address: Multiaddress, as name: String) async throws {
        try await self.visit(address, as: name) { lines, _ in
            for await line in self.typed { try await self.tell(line, &lines) }
        }
    }

    /// A network switch while the chat is open: the connection moves to another address, the stream notices nothing.
    private static func move(_ address: Multiaddress, as name: String) async throws {
        try await self.visit(address, as: name) { lines, connection in
            try await self.tell("I am at home", &lines)
            try await connection.quic?.migrate(to: NetworkAddress(ipv4: (127, 0, 0, 2), port: 0))
            say("moved to \(connection.localAddress)")
            try await self.tell("I am on the road", &lines)
        }
    }

    private static func visit(
        _ address: Multiaddress, as name: String,
        _ body: (inout ChatLines, LibP2PConnection) async throws -> Void
    ) async throws {
        try await LibP2PHost(key: .generate()).run { host in
            let connection = try await host.connect(to: address)
            let stream = try await connection.openStream(self.chat)
            var lines = ChatLines(stream)
            try await self.tell("NAME:\(name)", &lines)
            try await body(&lines, connection)
            await stream.close()
            // The node ends its side, too, once it has read everything.
            while try await lines.next() != nil {}
        }
    }

    /// What is typed. Reading a terminal blocks, so it has a thread of its own.
    private static var typed: AsyncStream<String> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                while let line = readLine() { continuation.yield(line) }
                continuation.finish()
            }
        }
    }

    private static func tell(_ line: String, _ lines: inout ChatLines) async throws {
        try await lines.write(line)
        guard let answer = try await lines.next() else { throw ChatOver() }
        say(answer)
    }
}

/// The lines of a stream.
struct ChatLines {
    private let stream: LibP2PStream
    private var pending: [UInt8] = []
    private static let limit = 4_096

    init(_ stream: LibP2PStream) { self.stream = stream }

    /// Where the peer is.
    var origin: String { self.stream.connection.map { "\($0.remoteAddress)" } ?? "nowhere" }

    /// The next line without its end; nil once the peer has finished.
    mutating func next() async throws -> String? {
        while true {
            if let end = self.pending.firstIndex(of: UInt8(ascii: "\n")) {
                defer { self.pending.removeSubrange(...end) }
                return String(decoding: self.pending[..<end], as: UTF8.self)
            }
            // A peer that never ends its line would fill the memory.
            guard self.pending.count < Self.limit, let more = try await self.stream.read(maximum: Self.limit) else {
                return nil
            }
            self.pending += more
        }
    }

    func write(_ line: String) async throws { try await self.stream.write(line + "\n") }
}

/// The node has ended the chat.
struct ChatOver: Error {}

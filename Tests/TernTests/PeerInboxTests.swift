import Foundation
import LibP2P
import QUICIO
import Testing

@testable import tern

@Suite("Files that peers send", .timeLimit(.minutes(1)))
struct PeerInboxTests {
    /// What becomes of bytes that a peer sends to an inbox: what is in the folder then, and the code that the peer got.
    private func outcome(
        of bytes: [UInt8], limit: UInt64 = 1_000, takesFiles: Bool = true
    ) async throws -> (files: [String: String], code: UInt64?) {
        let folder = NSTemporaryDirectory() + "/inbox-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try DiskFile.write("old", to: "\(folder)/taken")
        let inbox = PeerInbox(folder: takesFiles ? folder : nil, limit: limit)

        var configuration = LibP2PConfiguration()
        configuration.listenAddresses = [try Multiaddress("/ip4/127.0.0.1/udp/0/quic-v1")]
        let receiver = try LibP2PHost(key: .generate(), configuration)
        try receiver.handle(PeerFileProtocol.name) { stream in
            do { _ = try await inbox.take(from: stream) } catch is PeerFileProtocol.Refusal {}
        }
        let code = try await receiver.run { receiver in
            try await LibP2PHost(key: .generate()).run { sender in
                try await Self.send(bytes, from: sender, to: receiver)
            }
        }
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != "taken" {
            files[name] = String(decoding: try DiskFile.contents(of: "\(folder)/\(name)", limit: 10_000), as: UTF8.self)
        }
        #expect(try DiskFile.contents(of: "\(folder)/taken", limit: 10) == Array("old".utf8))
        return (files, code)
    }

    /// Returns the code of the reset; nil: the receiver was content.
    private static func send(_ bytes: [UInt8], from sender: LibP2PHost, to receiver: LibP2PHost) async throws -> UInt64?
    {
        let connection = try await sender.connect(to: try #require(receiver.addresses.first))
        let stream = try await connection.openStream(PeerFileProtocol.name)
        do {
            try await stream.write(bytes)
            try await stream.closeWrite()
            _ = try await stream.readToEnd(limit: 100)
            return nil
        } catch {
            guard [.streamReset, .streamStopped].contains(error.code) else { throw error }
            return error.applicationCode ?? 0
        }
    }

    @Test("a whole file is kept, and what follows it is not read")
    func whole() async throws {
        #expect(try await self.outcome(of: Array("a:5\nhello".utf8)) == (["a": "hello"], nil))
        #expect(try await self.outcome(of: Array("a:0\n".utf8)) == (["a": ""], nil))
        #expect(try await self.outcome(of: Array("a:b:2\nhi".utf8)) == (["a:b": "hi"], nil))
        #expect(try await self.outcome(of: Array("a:2\nhello".utf8)).files == ["a": "he"])
    }

    @Test(
        "what is no announcement is refused, and nothing is left",
        arguments: [
            "", "a", "a:5", "a:5\nhell", "a\n", "a:\n", ":\n", "a:-1\n", "a:+1\nx", "a: 1\nx", "a:1e3\n", "a:٣\nxxx",
            "a:18446744073709551616\n", String(repeating: "a", count: 2_000) + ":1\nx",
        ])
    func malformed(_ text: String) async throws {
        let (files, code) = try await self.outcome(of: Array(text.utf8))
        #expect(files == [:])
        #expect(code == PeerFileProtocol.Refusal.badRequest.rawValue)
    }

    @Test("a name that is not UTF-8 is refused")
    func notText() async throws {
        let (files, code) = try await self.outcome(of: [0xFF] + Array(":1\nx".utf8))
        #expect(files == [:])
        #expect(code == PeerFileProtocol.Refusal.badRequest.rawValue)
    }

    @Test(
        "names that lead elsewhere are refused",
        arguments: ["", "..", "../a", "/tmp/a", "a/b", ".profile", "a\u{0}", "a\u{1B}[2J"])
    func harmfulNames(_ name: String) async throws {
        let (files, code) = try await self.outcome(of: Array("\(name):1\nx".utf8))
        #expect(files == [:])
        #expect(code == PeerFileProtocol.Refusal.badName.rawValue)
    }

    @Test("no file takes the place of another one")
    func taken() async throws {
        let (files, code) = try await self.outcome(of: Array("taken:3\nnew".utf8))
        #expect(files == [:])
        #expect(code == PeerFileProtocol.Refusal.nameTaken.rawValue)
    }

    @Test("the largest size is taken, and one byte more is not, whatever it says")
    func limit() async throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000)
        #expect(try await self.outcome(of: Array("a:1000\n".utf8) + bytes).files["a"]?.count == 1_000)
        for size in ["1001", "18446744073709551615"] {
            let (files, code) = try await self.outcome(of: Array("a:\(size)\n".utf8) + bytes)
            #expect(files == [:])
            #expect(code == PeerFileProtocol.Refusal.tooLarge.rawValue)
        }
    }

    @Test("without a folder no file is taken")
    func notWanted() async throws {
        let (_, code) = try await self.outcome(of: Array("a:1\nx".utf8), takesFiles: false)
        #expect(code == PeerFileProtocol.Refusal.notWanted.rawValue)
    }
}

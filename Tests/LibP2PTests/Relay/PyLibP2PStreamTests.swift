internal import Foundation
internal import QUICIO
internal import Testing

@testable internal import LibP2P

/// What relays carry, with py-libp2p at the other end of a pipe: TLS and yamux in both roles. scripts/lib/p2p/stream says
/// which Python; without it there is nothing to do.
@Suite(
    "py-libp2p over a stream", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: ProcessEnvironment.value("TERN_PYLIBP2P") != nil, "run scripts/lib/p2p/stream"))
struct PyLibP2PStreamTests {
    private static let python = ProcessEnvironment.value("TERN_PYLIBP2P") ?? "python3"
    /// As much as the program in Tests/Interop sends and expects on each stream.
    private static let size = 300_000

    @Test("It takes our streams, and what goes there comes back")
    func weDial() async throws {
        let key = try PrivateKey.generate()
        let peer = try PythonStream(Self.python, ["listen"])
        let name = try PeerID(try await peer.errorLine())
        let upgraded = try await StreamUpgrade.dial(
            over: peer, identity: try HostCertificate.make(for: key), expecting: name, deadline: .seconds(60))
        #expect(upgraded.peer.id == name)
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<5 as Range<UInt8> {
                group.addTask {
                    let stream = try await upgraded.connection.openStream()
                    let data = [UInt8](repeating: number, count: Self.size)
                    try await stream.write(data)
                    try stream.finish()
                    #expect(try await stream.readAll() == data)
                }
            }
        }
        upgraded.connection.close(code: .none, reason: "")
        peer.end()
    }

    @Test("We take its streams, and what comes goes back")
    func itDials() async throws {
        let key = try PrivateKey.generate()
        let peer = try PythonStream(Self.python, ["dial", "\(key.peerID)"])
        let name = try PeerID(try await peer.errorLine())
        let upgraded = try await StreamUpgrade.accept(
            over: peer, identity: try HostCertificate.make(for: key), expecting: name, deadline: .seconds(60))
        #expect(upgraded.peer.id == name)
        let connection = upgraded.connection
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await Self.echo(connection) }
            #expect((try? await peer.errorLine()) == "done")
            connection.close(code: .none, reason: "")
        }
        peer.end()
    }

    /// Sends back what arrives on streams, until the connection ends.
    private static func echo(_ connection: YamuxConnection) async {
        await withDiscardingTaskGroup { group in
            while let stream = try? await connection.acceptStream() {
                group.addTask {
                    while let bytes = try? await stream.read(maximum: 65_536) { try? await stream.write(bytes) }
                    try? stream.finish()
                }
            }
        }
    }
}

/// The standard input and output of a program in Python as a stream.
private final class PythonStream: DuplexStream {
    private struct State: Sendable {
        var bytes: [UInt8] = []
        var errors: [UInt8] = []
        var isOver = false
    }

    private let process = Foundation.Process()
    private let input = Foundation.Pipe()
    private let output = Foundation.Pipe()
    private let error = Foundation.Pipe()
    private let state = Signal(State())

    init(_ python: String, _ arguments: [String]) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        self.process.executableURL = URL(filePath: "/usr/bin/env")
        self.process.arguments = [python, folder.appending(path: "Interop/pylibp2p_stream.py").path] + arguments
        self.process.standardInput = self.input
        self.process.standardOutput = self.output
        self.process.standardError = self.error
        let state = self.state
        self.output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            state.update { state in
                state.bytes += data
                if data.isEmpty { state.isOver = true }
            }
        }
        self.error.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            state.update { $0.errors += data }
        }
        try self.process.run()
    }

    /// The next line of what it says on the side.
    func errorLine() async throws -> String {
        try await self.state.wait { state in
            if let end = state.errors.firstIndex(of: UInt8(ascii: "\n")) {
                defer { state.errors.removeFirst(end + 1) }
                return String(decoding: state.errors[..<end], as: UTF8.self)
            }
            return state.isOver ? "" : nil
        }
    }

    func read(maximum: Int) async throws(LibP2PError) -> [UInt8]? {
        try await self.state.wait { state -> [UInt8]?? in
            guard !state.bytes.isEmpty else { return state.isOver ? .some(nil) : nil }
            let bytes = Array(state.bytes.prefix(maximum))
            state.bytes.removeFirst(bytes.count)
            return .some(bytes)
        }
    }

    func write(_ bytes: [UInt8]) async throws(LibP2PError) {
        do { try self.input.fileHandleForWriting.write(contentsOf: Data(bytes)) } catch {
            throw LibP2PError(.closed, "the program has ended")
        }
    }

    func finish() throws(LibP2PError) { try? self.input.fileHandleForWriting.close() }

    func stopReading(code: StreamCode) {}

    func reset(code: StreamCode) { try? self.input.fileHandleForWriting.close() }

    func end() {
        if self.process.isRunning { self.process.terminate() }
        self.process.waitUntilExit()
    }
}

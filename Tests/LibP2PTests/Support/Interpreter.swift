internal import Foundation
internal import QUICIO

/// A program of Tests/Interop in Python that prints JSON, an object a line.
final class Interpreter {
    /// The Python that the scripts of scripts/lib/p2p name.
    static let python = ProcessEnvironment.value("TERN_P2P_PYTHON") ?? "python3"

    private let process = Process()
    private let output = Foundation.Pipe()
    private let input = Foundation.Pipe()
    private var unread = Data()

    init(_ arguments: [String], script: String) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        self.process.executableURL = URL(filePath: "/usr/bin/env")
        self.process.arguments = [Self.python, tests.appending(path: "Interop/\(script)").path] + arguments
        self.process.standardOutput = self.output
        self.process.standardInput = self.input
        try self.process.run()
    }

    deinit { self.end() }

    /// The number of the process.
    var number: Int32 { self.process.processIdentifier }

    /// Waits for the next line; nil: the program has ended.
    func next<Object: Decodable>() async throws -> Object? {
        while true {
            if let end = self.unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = self.unread[..<end]
                self.unread = Data(self.unread[(end + 1)...])
                return try JSONDecoder().decode(Object.self, from: line)
            }
            let piece = await Self.piece(of: self.output.fileHandleForReading)
            guard !piece.isEmpty else { return nil }
            self.unread += piece
        }
    }

    /// Has the program go on to what it does next, where it waits for a line.
    func goOn() throws { try self.input.fileHandleForWriting.write(contentsOf: Data("\n".utf8)) }

    func end() {
        guard self.process.isRunning else { return }
        try? self.input.fileHandleForWriting.close()
        self.process.terminate()
        self.process.waitUntilExit()
    }

    /// Waits on a thread of its own: those of tasks are few, and the program waits for what they do.
    private static func piece(of handle: FileHandle) async -> Data {
        await withCheckedContinuation { waiter in
            Thread.detachNewThread { waiter.resume(returning: handle.availableData) }
        }
    }
}

import ExampleSupport
import Foundation
import LibP2P

/// Files from one node to another: several at once, each on a stream of its own.
///
///     swift run P2PFileTransferExample receive FOLDER            prints its address
///     swift run P2PFileTransferExample send ADDRESS FILE...
///
/// On the stream go a line `NAME:SIZE` and the bytes. The receiver trusts neither: a name is one step below the folder, and
/// no file takes the place of another. It ends the stream when it has the file, and resets it when it does not want it.
@main
enum P2PFileTransfer {
    private static let files: ProtocolID = "/file-transfer/1.0.0"
    private static let chunkSize = 65_536
    private static let largestFile = 1 << 30
    private static let parallel = 8

    static func main() async {
        do {
            switch (Words.at(0), Words.all.count) {
            case ("receive", 2...3): try await self.receive(into: Words.all[1], port: Words.port(at: 2, else: 4001))
            case ("send", 3...): try await self.send(Array(Words.all[2...]), to: Multiaddress(Words.all[1]))
            default: Words.explain("Usage: P2PFileTransferExample receive FOLDER [PORT] | send ADDRESS FILE...")
            }
        } catch {
            say("error: \(error)")
            exit(1)
        }
    }

    // MARK: Receiving

    private static func receive(into folder: String, port: UInt16) async throws {
        var configuration = LibP2PConfiguration()
        configuration.listenAddresses = [try Multiaddress("/ip4/0.0.0.0/udp/\(port)/quic-v1")]
        let host = try LibP2PHost(key: .generate(), configuration)
        try host.handle(self.files) { stream in
            do {
                say("received \(try await self.receive(from: stream, into: folder))")
            } catch let problem as FileProblem {
                say("refused: \(problem)")
                stream.reset(.gated)
            }
        }
        try await host.run { host in
            for address in host.addresses { say("listening on \(address)") }
            while true { try await Task.sleep(for: .seconds(3_600)) }
        }
    }

    /// Takes one file. Until it is whole it has another name, which goes with it where it does not get so far.
    private static func receive(from stream: LibP2PStream, into folder: String) async throws -> String {
        let (name, size, rest) = try await self.readLine(stream)
        guard self.isHarmless(name) else { throw FileProblem("\(name.debugDescription) is no name for a file") }
        guard size <= self.largestFile else { throw FileProblem("\(name) has \(size) bytes") }
        let (path, temporary) = ("\(folder)/\(name)", "\(folder)/.\(UUID().uuidString)")
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileProblem("\(name): \(String(cString: strerror(errno)))") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        defer { unlink(temporary) }

        var bytes = Array(rest.prefix(size))
        var left = size - bytes.count
        try file.write(contentsOf: bytes)
        while left > 0 {
            guard let next = try await stream.read(maximum: min(left, self.chunkSize)) else {
                throw FileProblem("\(name) ended \(left) bytes early")
            }
            bytes = next
            left -= bytes.count
            try file.write(contentsOf: bytes)
        }
        // A link never takes the place of a file, as a change of the name would.
        guard link(temporary, path) == 0 else { throw FileProblem("\(name): \(String(cString: strerror(errno)))") }
        return "\(name), \(size) bytes"
    }

    /// The line's name and size, and what was read of the file with it. The size is what follows the last colon.
    private static func readLine(_ stream: LibP2PStream) async throws -> (String, size: Int, rest: ArraySlice<UInt8>) {
        var bytes: [UInt8] = []
        while true {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                guard let colon = bytes[..<end].lastIndex(of: UInt8(ascii: ":")),
                    let name = String(validating: bytes[..<colon], as: UTF8.self),
                    let size = Int(String(decoding: bytes[(colon + 1)..<end], as: UTF8.self)), size >= 0
                else { throw FileProblem("the line is not NAME:SIZE") }
                return (name, size, bytes[(end + 1)...])
            }
            guard bytes.count < 1_024, let more = try await stream.read(maximum: 1_024) else {
                throw FileProblem("there is no line NAME:SIZE")
            }
            bytes += more
        }
    }

    private static func isHarmless(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.first != UInt8(ascii: ".") && name.utf8.count <= 255
            && !name.unicodeScalars.contains { $0.value < 0x20 || $0 == "/" || $0 == "\\" || $0 == "\u{7F}" }
    }

    // MARK: Sending

    private static func send(_ paths: [String], to address: Multiaddress) async throws {
        try await LibP2PHost(key: .generate()).run { host in
            let connection = try await host.connect(to: address)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, path) in paths.enumerated() {
                    if number >= self.parallel { try await group.next() }
                    group.addTask { try await self.send(path, over: connection) }
                }
                try await group.waitForAll()
            }
            say("sent \(paths.count) files")
        }
    }

    private static func send(_ path: String, over connection: LibP2PConnection) async throws {
        guard let file = FileHandle(forReadingAtPath: path) else { throw FileProblem("\(path) can't be read") }
        let size = try file.seekToEnd()
        try file.seek(toOffset: 0)
        let stream = try await connection.openStream(self.files)
        do {
            try await stream.write("\(URL(fileURLWithPath: path).lastPathComponent):\(size)\n")
            while let bytes = try file.read(upToCount: self.chunkSize), !bytes.isEmpty {
                try await stream.write(Array(bytes))
            }
            try await stream.closeWrite()
            // The peer ends its side when it has the file.
            _ = try await stream.readToEnd(limit: 1_024)
        } catch let error as LibP2PError where [.streamReset, .streamStopped].contains(error.code) {
            throw FileProblem("the peer does not take \(path)")
        }
    }
}

/// Why a file was not sent, or not taken.
struct FileProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

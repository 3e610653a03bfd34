import ExampleSupport
import QUIC

/// Fetches files, eight at a time.
struct FileClient: Sendable {
    let host: String
    let port: UInt16
    let into: Folder
    private static let parallel = 8

    func run(names: [String]) async throws {
        var client = QUICClientConfiguration(protocols: [FileProtocol.name])
        client.tls.trust = .roots(try TrustStore(file: "localhost.pem"))
        let endpoint = try await QUICEndpoint.bind()
        try await endpoint.withConnection(to: self.host, port: self.port, client) { connection in
            let files = try await self.list(connection)
            let wanted = names.isEmpty ? files.keys.sorted() : names
            let progress = Progress(total: wanted.reduce(0) { $0 + (files[$1] ?? 0) })
            try await self.fetch(wanted, connection, progress)
            await progress.end()
            say("fetched \(wanted.count) files, \(await progress.done) bytes, all checksums match")
        }
        await endpoint.shutdown()
    }

    /// What the server has. The names are its words: nothing is done with them here.
    private func list(_ connection: QUICConnection) async throws -> [String: Int] {
        let text = try await connection.withStream { stream in
            try await stream.write("LIST\n")
            try stream.finish()
            return String(decoding: try await stream.readToEnd(limit: FileProtocol.listLimit), as: UTF8.self)
        }
        let files = text.split(separator: "\n").compactMap { line -> (String, Int)? in
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let size = Int(parts[0]), 0...1 << 50 ~= size else { return nil }
            return (String(parts[1]), size)
        }
        return Dictionary(files) { first, _ in first }
    }

    private func fetch(_ names: [String], _ connection: QUICConnection, _ progress: Progress) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, name) in names.enumerated() {
                if number >= Self.parallel { try await group.next() }
                group.addTask { try await self.fetch(name, connection, progress) }
            }
            try await group.waitForAll()
        }
    }

    private func fetch(_ text: String, _ connection: QUICConnection, _ progress: Progress) async throws {
        try await connection.withStream { stream in
            try await stream.write("GET \(text)\n")
            try stream.finish()
            do {
                let size = FileProtocol.number(try await stream.readExactly(8))
                guard let name = SafeName(text) else { throw FileProblem(text, "would leave the folder: not written") }
                try await self.receive(size, to: try self.into.create(name), name, stream, progress)
            } catch let error as QUICError where error.code == .streamReset {
                let refusal = error.applicationCode.flatMap(FileProtocol.Refusal.init)
                throw FileProblem(text, refusal?.description ?? error.reason)
            }
        }
    }

    private func receive(
        _ size: UInt64, to file: PlainFile, _ name: SafeName, _ stream: QUICStream, _ progress: Progress
    ) async throws {
        var checksum = Checksum()
        var left = size
        while left > 0 {
            guard let bytes = try await stream.read(maximum: Int(min(left, 256 << 10))) else {
                throw FileProblem("\(name)", "ended \(left) bytes early")
            }
            checksum.add(bytes)
            try file.write(bytes)
            left -= UInt64(bytes.count)
            await progress.add(bytes.count)
        }
        guard FileProtocol.number(try await stream.readExactly(8)) == checksum.value else {
            throw FileProblem("\(name)", "arrived damaged")
        }
    }
}

import QUIC
import QUICIO
import Synchronization

/// Serves the files of one folder, one stream each.
final class FileServer: Sendable {
    /// What was done so far.
    struct Figures: Sendable {
        var connections = 0
        var files = 0
        var refused = 0
        var bytes: UInt64 = 0
    }

    private let folder: String
    private let report: @Sendable (FileServerEvent) -> Void
    private let state = Mutex(Figures())

    /// How much of a file is read at a time.
    private static let pieceSize = 256 << 10

    init(folder: String, report: @escaping @Sendable (FileServerEvent) -> Void) {
        self.folder = folder
        self.report = report
    }

    var figures: Figures { self.state.withLock { $0 } }

    /// Serves a connection until it ends.
    func serve(_ connection: QUICConnection) async throws {
        self.state.withLock { $0.connections += 1 }
        let summary = try await connection.handshake()
        self.report(.connected(connection.remoteAddress, summary))
        guard let dialect = FileProtocol(rawValue: summary.applicationProtocol) else { return }
        try await connection.serveStreams { stream in await self.answer(stream, dialect) }
    }

    private func answer(_ stream: QUICStream, _ dialect: FileProtocol) async {
        let begun = MonotonicClock.now()
        var request: [UInt8] = []
        do {
            while !request.contains(0x0A), let bytes = try await stream.read(maximum: FileProtocol.requestLimit) {
                request += bytes
                guard request.count <= FileProtocol.requestLimit else { break }
            }
            guard request.count <= FileProtocol.requestLimit, stream.isBidirectional,
                let (path, offset) = dialect.parse(request)
            else { return self.refuse(stream, .notUnderstood, "a request that is none") }
            let file: DiskFile
            do throws(Errno) {
                file = try DiskFile.open(path, beneath: self.folder)
            } catch {
                return self.refuse(stream, error == .noSuchFile ? .noSuchFile : .failed, "\(path): \(error.message)")
            }
            let sent = try await self.send(file, from: offset, dialect, on: stream)
            self.state.withLock { figures in
                figures.files += 1
                figures.bytes &+= sent
            }
            let time = MonotonicClock.elapsed(since: begun)
            self.report(.served(stream.connection.remoteAddress, path, bytes: sent, time))
        } catch {
            self.state.withLock { $0.refused += 1 }
            self.report(.broken(stream.connection.remoteAddress, "\(error)"))
        }
    }

    private func send(
        _ file: DiskFile, from start: UInt64, _ dialect: FileProtocol, on stream: QUICStream
    ) async throws -> UInt64 {
        if dialect == .tern { try await stream.write(FileProtocol.encode(file.size)) }
        var offset = start
        while true {
            let piece = try file.read(Self.pieceSize, at: offset)
            if piece.isEmpty { break }
            try await stream.write(piece)
            offset += UInt64(piece.count)
        }
        try stream.finish()
        return offset - start
    }

    private func refuse(_ stream: QUICStream, _ refusal: FileProtocol.Refusal, _ what: String) {
        stream.abort(code: refusal.rawValue)
        self.state.withLock { $0.refused += 1 }
        self.report(.refused(stream.connection.remoteAddress, what, refusal))
    }
}

/// What a server tells whoever watches it.
enum FileServerEvent: Sendable {
    case connected(NetworkAddress, HandshakeSummary)
    case served(NetworkAddress, String, bytes: UInt64, Duration)
    case refused(NetworkAddress, String, FileProtocol.Refusal)
    case broken(NetworkAddress, String)
}

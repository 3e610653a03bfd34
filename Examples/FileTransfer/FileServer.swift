import ExampleSupport
import Foundation
import QUIC

/// Offers the files of one folder.
struct FileServer: Sendable {
    private let path: String
    private let folder: Folder

    static func run(folder path: String, port: UInt16) async throws {
        let files = FileServer(path: path, folder: try Folder(path))
        let certificate = try LocalCertificate()
        try certificate.write(to: "localhost.pem")
        let server = QUICServerConfiguration(identity: certificate.identity, protocols: [FileProtocol.name])
        let endpoint = try await QUICEndpoint.listen(on: .any(port: port), server)
        say("listening on \(await endpoint.localAddress)")
        try await endpoint.serve { try await $0.serveStreams { await files.answer($0) } }
    }

    /// The codes tell the client why; leaving with an error would reset the stream with one code for all.
    private func answer(_ stream: QUICStream) async {
        do {
            let request = String(decoding: try await stream.readToEnd(limit: FileProtocol.requestLimit), as: UTF8.self)
            if request == "LIST\n" { return try await stream.write(self.list()) }
            guard request.hasPrefix("GET "), request.hasSuffix("\n"),
                let name = SafeName(String(request.dropFirst(4).dropLast()))
            else { throw FileProtocol.Refusal.badRequest }
            guard let file = try? self.folder.open(name) else { throw FileProtocol.Refusal.noSuchFile }
            try await self.send(file, to: stream)
        } catch {
            stream.abort(code: (error as? FileProtocol.Refusal ?? .failed).rawValue)
        }
    }

    private func list() -> String {
        let names = (FileManager.default.enumerator(atPath: self.path)?.compactMap { $0 as? String } ?? []).sorted()
        return names.compactMap(SafeName.init).compactMap { name in
            // Links and what is not a file are left out: they can't be opened either.
            guard let file = try? self.folder.open(name) else { return nil }
            return "\(file.size) \(name)\n"
        }.joined()
    }

    private func send(_ file: PlainFile, to stream: QUICStream) async throws {
        var checksum = Checksum()
        var left = file.size
        try await stream.write(FileProtocol.bytes(UInt64(left)))
        while left > 0 {
            let bytes = try file.read(min(left, 256 << 10))
            // The file has become shorter since it was opened.
            guard !bytes.isEmpty else { throw FileProtocol.Refusal.failed }
            checksum.add(bytes)
            left -= bytes.count
            try await stream.write(bytes)
        }
        try await stream.write(FileProtocol.bytes(checksum.value))
    }
}

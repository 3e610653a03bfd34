import QUICEngine
import QUICIO

/// The qlog traces of both ends of a simulated connection, on their way into two files.
struct SimulationTraces {
    let client: QlogSink?
    let server: QlogSink?
    private let files: Files?

    /// The two files.
    private struct Files {
        let client: DiskFile
        let server: DiskFile
    }

    /// No traces.
    init() {
        self.client = nil
        self.server = nil
        self.files = nil
    }

    /// Traces in `name.client.sqlog` and `name.server.sqlog`.
    init(_ name: String) throws {
        // Both ends are ours: nobody sends the long list of transport parameters that overflows an old writer.
        self.client = QlogSink(trustsLibrary: true)
        self.server = QlogSink(trustsLibrary: true)
        do throws(Errno) {
            self.files = Files(
                client: try DiskFile.create("\(name).client.sqlog"), server: try DiskFile.create("\(name).server.sqlog")
            )
        } catch {
            throw UsageError(message: "--qlog \(name) can't be written: \(error.message)")
        }
    }

    /// Moves what was written into the files: often enough that a sink never fills up.
    func drain() throws(Errno) {
        try Self.drain(self.client, into: self.files?.client)
        try Self.drain(self.server, into: self.files?.server)
    }

    private static func drain(_ sink: QlogSink?, into file: DiskFile?) throws(Errno) {
        guard let sink, let file else { return }
        try file.write(sink.take(), at: file.size)
    }

    /// Writes the rest, and says what is missing.
    func finish() throws(Errno) -> [String] {
        try self.drain()
        let dropped = (self.client?.dropped ?? 0) + (self.server?.dropped ?? 0)
        return dropped == 0 ? [] : ["\(dropped) bytes of the traces found no room"]
    }
}

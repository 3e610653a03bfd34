import QUICIO
import Synchronization

/// The secrets of connections in the format that Wireshark reads, in the file that `SSLKEYLOGFILE` names. Whoever has the
/// file reads everything: only its owner may.
final class KeyLogFile: Sendable {
    private let file: Mutex<PrivateLog>

    /// Opens the file.
    init(_ path: String) throws {
        do throws(Errno) { self.file = Mutex(try PrivateLog(path)) } catch {
            throw UsageError(message: "the key log \(path) can't be written: \(error.message)")
        }
    }

    /// Appends a line.
    func add(_ line: String) {
        self.file.withLock { file in
            do throws(Errno) { try file.append(Array("\(line)\n".utf8)) } catch {
                Console.warn("the key log can't be written: \(error.message)")
            }
        }
    }

    /// The file that the environment asks for.
    static func fromEnvironment() throws -> KeyLogFile? {
        try ProcessEnvironment.value("SSLKEYLOGFILE").map { try KeyLogFile($0) }
    }
}

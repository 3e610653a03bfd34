import QUIC

/// What goes over a stream: a line that asks, and the answer.
///
///     client: LIST\n                 server: SIZE NAME\n for every file
///     client: GET NAME\n             server: size (8 bytes), the file, its checksum (8 bytes)
///
/// A server that does not want to answer resets the stream with a code.
enum FileProtocol {
    static let name = "tern-files"
    /// A client that is told names without end would run out of memory.
    static let listLimit = 16 << 20
    static let requestLimit = 8_192

    enum Refusal: UInt64, Error, CustomStringConvertible {
        case badRequest = 1
        case noSuchFile = 2
        case failed = 3

        var description: String {
            switch self {
            case .badRequest: "the server refuses that name"
            case .noSuchFile: "the server has no such file"
            case .failed: "the server could not read the file"
            }
        }
    }

    static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
    }

    static func number(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

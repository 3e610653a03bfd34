/// How files are asked for: one bidirectional stream for each, and two dialects.
///
/// `hq-interop` is what QUIC implementations test each other with: `GET /name`, answered by the bytes. `tern-files` is
/// this program's own: `GET offset /name`, answered by the file's size in eight bytes and the bytes from there on, so that
/// there can be a progress bar and a download can go on where it stopped.
enum FileProtocol: String, Sendable, CaseIterable {
    case interop = "hq-interop"
    case tern = "tern-files"

    /// Longer requests are refused.
    static let requestLimit = 4_096

    /// Why a server gives a stream up; what HTTP means by the numbers.
    enum Refusal: UInt64 {
        case notUnderstood = 400
        case noSuchFile = 404
        case failed = 500

        var words: String {
            switch self {
            case .notUnderstood: "the server did not understand the request"
            case .noSuchFile: "the server has no such file"
            case .failed: "the server could not read the file"
            }
        }
    }

    /// The bytes of a request.
    func request(_ path: String, from offset: UInt64) -> [UInt8] {
        switch self {
        case .interop: Array("GET \(path)\r\n".utf8)
        case .tern: Array("GET \(offset) \(path)\r\n".utf8)
        }
    }

    /// Reads a request; nil: it is none.
    func parse(_ bytes: [UInt8]) -> (path: String, offset: UInt64)? {
        guard let line = String(validating: bytes.prefix { $0 != 0x0A }, as: UTF8.self) else { return nil }
        var rest = Substring(line)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        guard rest.hasPrefix("GET ") else { return nil }
        rest.removeFirst(4)
        guard self == .tern else { return rest.hasPrefix("/") ? (String(rest), 0) : nil }
        let number = rest.prefix { $0 != " " }
        guard let offset = UInt64(number), rest[number.endIndex...].hasPrefix(" /") else { return nil }
        return (String(rest[number.endIndex...].dropFirst()), offset)
    }

    /// A size in network order.
    static func encode(_ size: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) } }

    static func decode(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

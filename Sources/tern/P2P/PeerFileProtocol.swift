import LibP2P

/// Files between peers: a line `NAME:SIZE`, then the bytes. The receiver ends the stream when it has the file, and resets
/// it when it does not want it.
enum PeerFileProtocol {
    static let name: ProtocolID = "/file-transfer/1.0.0"
    static let chunkSize = 65_536
    static let lineLimit = 1_024

    /// Why a file is not taken, as the code of the reset.
    enum Refusal: UInt64, Error {
        case badRequest = 1
        case badName = 2
        case nameTaken = 3
        case tooLarge = 4
        case notWanted = 5
        case failed = 6

        var words: String {
            switch self {
            case .badRequest: "the peer does not understand the request"
            case .badName: "the peer does not take that name: --name gives it another one"
            case .nameTaken: "the peer has something of that name: --name gives it another one"
            case .tooLarge: "the peer does not take files as large as this"
            case .notWanted: "the peer takes no files"
            case .failed: "the peer could not write the file"
            }
        }
    }

    /// What a file is called, and how large it is.
    struct Announcement: Hashable, Sendable {
        let name: String
        let size: UInt64

        init(name: String, size: UInt64) { (self.name, self.size) = (name, size) }

        /// A line without its end. The size is what follows the last colon; names may have some, too.
        init?(_ line: [UInt8]) {
            guard let colon = line.lastIndex(of: UInt8(ascii: ":")),
                let name = String(validating: line[..<colon], as: UTF8.self),
                let digits = String(validating: line[(colon + 1)...], as: UTF8.self),
                digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let size = UInt64(digits)
            else { return nil }
            self.init(name: name, size: size)
        }

        var line: String { "\(self.name):\(self.size)\n" }
    }

    /// Reads the line; what was read beyond it is the beginning of the file.
    static func readAnnouncement(_ stream: LibP2PStream) async throws -> (Announcement, rest: [UInt8]) {
        var bytes: [UInt8] = []
        while true {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                guard end < self.lineLimit, let announcement = Announcement(Array(bytes[..<end])) else {
                    throw Refusal.badRequest
                }
                return (announcement, Array(bytes[(end + 1)...]))
            }
            guard bytes.count < self.lineLimit, let more = try await stream.read(maximum: self.lineLimit) else {
                throw Refusal.badRequest
            }
            bytes += more
        }
    }
}

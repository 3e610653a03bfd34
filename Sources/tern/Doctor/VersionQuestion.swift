import QUIC
import QUICEngine

/// A packet of a version that nobody speaks, and the answer to it: the versions of a server (RFC 8999 §6).
struct VersionQuestion {
    private let destination: [UInt8]
    private let source: [UInt8]
    /// RFC 9000 §15: reserved for exactly this.
    private static let version: UInt32 = 0x1a2a_3a4a

    init() {
        self.destination = (0..<8).map { _ in UInt8.random(in: .min ... .max) }
        self.source = (0..<8).map { _ in UInt8.random(in: .min ... .max) }
    }

    /// As long as a first packet must be (RFC 9000 §14.1): servers leave shorter ones unanswered.
    var datagram: [UInt8] {
        let version = (0..<4).map { UInt8(truncatingIfNeeded: Self.version >> UInt32(24 - 8 * $0)) }
        let header = [0xc0] + version + [UInt8(self.destination.count)] + self.destination
        let packet = header + [UInt8(self.source.count)] + self.source
        return packet + [UInt8](repeating: 0, count: 1_200 - packet.count)
    }

    /// The versions in the answer; nil where it is none.
    func versions(in answer: [UInt8]) -> [QUICVersion]? {
        let start: [UInt8] = [0, 0, 0, 0, UInt8(self.source.count)]
        let ids = start + self.source + [UInt8(self.destination.count)] + self.destination
        guard answer.count > 1 + ids.count, answer[0] & 0x80 != 0, Array(answer[1...].prefix(ids.count)) == ids else {
            return nil
        }
        let list = answer.dropFirst(1 + ids.count)
        return stride(from: list.startIndex, to: list.endIndex - 3, by: 4).map { index in
            QUICVersion(list[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) })
        }
    }
}

extension QUICVersion {
    /// Its name, where it has one that people know.
    var text: String {
        switch self.rawValue {
        case 0xff00_001d...0xff00_0022: "draft-\(self.rawValue & 0xff)"
        case let number where number & 0x0f0f_0f0f == 0x0a0a_0a0a: "\(self) (reserved)"
        default: self.description
        }
    }
}

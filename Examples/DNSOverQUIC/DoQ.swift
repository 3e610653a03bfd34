import QUIC

/// What RFC 9250 fixes.
enum DoQ {
    /// Section 4.1.1.
    static let protocols = ["doq"]
    static let port: UInt16 = 853

    /// Section 4.3.
    enum Code: UInt64 {
        case noError = 0
        case internalError = 1
        case protocolError = 2
        case requestCancelled = 3
    }

    /// The peer broke the rules: section 4.3.3 has the connection end with DOQ_PROTOCOL_ERROR.
    struct Violation: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    /// A message with its length before it (section 4.2).
    static func frame(_ message: [UInt8]) -> [UInt8] {
        UInt16(truncatingIfNeeded: message.count).bigEndianBytes + message
    }

    /// The one message of a stream, when the peer's FIN has come.
    static func message(on stream: QUICStream) async throws -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try await stream.readToEnd(limit: 2 + DNSMessage.maximumSize)
        } catch let error where error.code == .limitReached {
            throw Violation("there is more than one message on a stream")
        }
        guard bytes.count >= 2, bytes.count - 2 == Int(bytes[0]) << 8 | Int(bytes[1]) else {
            throw Violation("the length before a message is not the message's")
        }
        return Array(bytes.dropFirst(2))
    }

    /// What no message may have (sections 4.2.1 and 5.5.2).
    static func check(_ message: DNSMessage) throws(Violation) {
        guard message.id == 0 else { throw Violation("a message ID is \(message.id), not 0") }
        guard message.edns?.options[DNSMessage.Extension.keepalive] == nil else {
            throw Violation("a message has the edns-tcp-keepalive option")
        }
    }
}

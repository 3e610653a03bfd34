/// A message that libp2p sends as protobuf. Fields that are not known are skipped; those that are known must be right.
protocol ProtobufMessage: Hashable, Sendable {
    /// The most bytes that are accepted, wherever the message comes from.
    static var maximumByteCount: Int { get }

    /// Decodes one message that fills `bytes` to the end.
    init(decoding bytes: [UInt8]) throws(LibP2PError)

    /// The message as it is sent, without a length in front.
    var encoded: [UInt8] { get }
}

extension ProtobufMessage {
    /// The message's name in errors.
    static var name: String { "\(Self.self)" }

    /// The error for a message that lacks a field without which it says nothing.
    static func missing(_ field: String) -> LibP2PError {
        LibP2PError(.malformed, "a \(self.name) without \(field)")
    }

    /// A reader for a message of this type.
    static func reader(_ bytes: [UInt8]) throws(LibP2PError) -> ProtobufReader {
        try ProtobufReader(bytes, of: self.name, limit: self.maximumByteCount)
    }
}

/// What messages may hold of the addresses of a peer, in the binary form of multiaddresses.
enum AddressListLimits {
    /// The longest address.
    static let byteCount = 1_024
    /// The most addresses of one list.
    static let count = 256
}

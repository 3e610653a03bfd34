/// The words of multistream-select 1.0.0, with which two peers agree on what a stream is for (libp2p connections
/// §multistream-select): each is a length as a varint, a text and a line feed.
enum Multistream {
    /// The longest text with its line feed that is accepted; its length has two bytes.
    static let maximumByteCount = 16_383
    /// How often a peer may ask before we lose patience.
    static let maximumAttemptCount = 64

    static let headerText = Array("/multistream/1.0.0".utf8)
    static let refusalText = Array("na".utf8)
    static let listText = Array("ls".utf8)

    /// What either side begins with.
    static let header = Self.message(Self.headerText)
    /// "Not available": the answer to a protocol that is not served.
    static let refusal = Self.message(Self.refusalText)

    /// A text as it goes over the wire.
    static func message(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        let line = text + [UInt8(ascii: "\n")]
        Varint.append(countOf: line, to: &bytes)
        return bytes + line
    }

    /// A protocol's name as it goes over the wire, both to ask for it and to agree.
    static func message(_ name: ProtocolID) -> [UInt8] { self.message(Array(name.description.utf8)) }

    /// The answer to `ls`: a message that holds a message for each protocol. What does not fit is left out.
    static func list(_ names: [ProtocolID]) -> [UInt8] {
        var text: [UInt8] = []
        for name in names where name.isValid {
            let line = self.message(name)
            guard text.count + line.count < self.maximumByteCount else { break }
            text += line
        }
        return self.message(text)
    }
}

/// A resource record (RFC 1035, section 3.2).
struct DNSRecord: Hashable, Sendable, CustomStringConvertible {
    /// What a record says; types that are not known keep their bytes.
    enum Content: Hashable, Sendable {
        case address([UInt8])
        case name(DNSName)
        case authority(primary: DNSName, mailbox: DNSName, numbers: [UInt32])
        case texts([[UInt8]])
        case other([UInt8])
    }

    /// The class of the Internet.
    static let internet: UInt16 = 1

    var name: DNSName
    var type: DNSType
    var recordClass: UInt16 = Self.internet
    var timeToLive: UInt32
    var content: Content

    init(name: DNSName, type: DNSType, timeToLive: UInt32, content: Content) {
        self.name = name
        self.type = type
        self.timeToLive = timeToLive
        self.content = content
    }

    /// The line of a zone file.
    var description: String {
        let recordClass = self.recordClass == Self.internet ? "IN" : "CLASS\(self.recordClass)"
        return "\(self.name) \(self.timeToLive) \(recordClass) \(self.type) \(self.contentText)"
    }

    private var contentText: String {
        switch self.content {
        case .address(let bytes): IPAddressText.text(bytes)
        case .name(let name): "\(name)"
        case .authority(let primary, let mailbox, let numbers):
            "\(primary) \(mailbox) " + numbers.map(String.init).joined(separator: " ")
        case .texts(let texts):
            texts.map { text in
                "\""
                    + text.map {
                        $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ".")
                            ? "\(Character(UnicodeScalar($0)))" : DNSName.text($0)
                    }.joined() + "\""
            }.joined(separator: " ")
        case .other(let bytes):
            "\\# \(bytes.count) " + bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
    }
}

extension DNSRecord {
    /// The record at the reader.
    init(_ reader: inout DNSReader) throws(DNSReader.Malformed) {
        self.name = try reader.name()
        self.type = DNSType(rawValue: try reader.uint16())
        self.recordClass = try reader.uint16()
        self.timeToLive = try reader.number(bytes: 4)
        let length = Int(try reader.uint16())
        let end = reader.position + length
        switch self.type {
        case .a where length == 4, .aaaa where length == 16: self.content = .address(try reader.take(length))
        case .a, .aaaa: throw DNSReader.Malformed()
        case .ns: self.content = .name(try reader.name())
        case .soa:
            let (primary, mailbox) = (try reader.name(), try reader.name())
            var numbers: [UInt32] = []
            for _ in 0..<5 { numbers.append(try reader.number(bytes: 4)) }
            self.content = .authority(primary: primary, mailbox: mailbox, numbers: numbers)
        case .txt:
            var texts: [[UInt8]] = []
            while reader.position < end { texts.append(try reader.take(Int(try reader.number(bytes: 1)))) }
            guard !texts.isEmpty else { throw DNSReader.Malformed() }
            self.content = .texts(texts)
        default: self.content = .other(try reader.take(length))
        }
        // Too much is as wrong as too little.
        guard reader.position == end else { throw DNSReader.Malformed() }
    }

    var encoded: [UInt8] {
        let content: [UInt8] =
            switch self.content {
            case .address(let bytes), .other(let bytes): bytes
            case .name(let name): name.encoded
            case .authority(let primary, let mailbox, let numbers):
                primary.encoded + mailbox.encoded + numbers.flatMap(\.bigEndianBytes)
            case .texts(let texts): texts.flatMap { [UInt8(truncatingIfNeeded: $0.count)] + $0 }
            }
        return self.name.encoded + self.type.rawValue.bigEndianBytes + self.recordClass.bigEndianBytes
            + self.timeToLive.bigEndianBytes + UInt16(truncatingIfNeeded: content.count).bigEndianBytes + content
    }
}

extension FixedWidthInteger {
    var bigEndianBytes: [UInt8] {
        stride(from: Self.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> Self($0)) }
    }
}

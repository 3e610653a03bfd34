/// A message of DNS (RFC 1035 §4), as far as addresses of peers need it: TXT records, and the records of mDNS.
///
///     var question = DNSMessage(id: 0x1234, flags: DNSMessage.recursionDesired)
///     question.questions = [DNSQuestion(name: name, type: .txt)]
///     socket.send(question.encoded)
struct DNSMessage: Hashable, Sendable {
    /// Bits of ``flags``.
    static let response: UInt16 = 0x8000
    static let authoritative: UInt16 = 0x0400
    static let truncated: UInt16 = 0x0200
    static let recursionDesired: UInt16 = 0x0100

    /// The most records and questions that are read from one message.
    static let maximumRecordCount = 512

    var id: UInt16 = 0
    var flags: UInt16 = 0
    var questions: [DNSQuestion] = []
    var answers: [DNSRecord] = []
    var authorities: [DNSRecord] = []
    var additionals: [DNSRecord] = []

    var isResponse: Bool { self.flags & Self.response != 0 }
    var isTruncated: Bool { self.flags & Self.truncated != 0 }
    /// 0: a question is asked, or answered. All else is for name servers.
    var operation: UInt16 { self.flags >> 11 & 15 }
    /// 0: no error; 3: there is no such name.
    var responseCode: UInt16 { self.flags & 15 }
}

/// What somebody wants to know.
struct DNSQuestion: Hashable, Sendable {
    var name: DNSName
    var type: DNSRecord.Kind
    /// 1 for the Internet, with the top bit where the answer may come by unicast (RFC 6762 §5.4).
    var kind: UInt16 = 1
}

/// One fact about a name.
struct DNSRecord: Hashable, Sendable {
    /// The types of records.
    struct Kind: Hashable, Sendable {
        let number: UInt16

        static let cname = Kind(number: 5)
        static let ptr = Kind(number: 12)
        static let txt = Kind(number: 16)
        /// What the asker can take in (RFC 6891).
        static let opt = Kind(number: 41)
        /// All that is known.
        static let any = Kind(number: 255)
    }

    /// What the record says.
    enum Content: Hashable, Sendable {
        /// Another name, to which the record points.
        case name(DNSName)
        /// Strings of at most 255 bytes each.
        case strings([[UInt8]])
        /// Anything else, unread.
        case bytes([UInt8])
    }

    var name: DNSName
    var type: Kind
    /// 1 for the Internet, with the top bit where this replaces what was known before (RFC 6762 §10.2).
    var kind: UInt16 = 1
    /// For how many seconds it holds.
    var timeToLive: UInt32
    var content: Content
}

extension DNSMessage {
    /// The message on the wire, without compression of names. What exceeds 65,535 of anything is left out.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ number: some FixedWidthInteger & UnsignedInteger) {
            for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        func append(_ name: DNSName) {
            for label in name.labels { bytes += [UInt8(truncatingIfNeeded: label.count)] + label }
            bytes.append(0)
        }
        append(self.id)
        append(self.flags)
        append(UInt16(clamping: self.questions.count))
        for section in [self.answers, self.authorities, self.additionals] { append(UInt16(clamping: section.count)) }
        for question in self.questions.prefix(65_535) {
            append(question.name)
            append(question.type.number)
            append(question.kind)
        }
        for section in [self.answers, self.authorities, self.additionals] {
            for record in section.prefix(65_535) {
                append(record.name)
                append(record.type.number)
                append(record.kind)
                append(record.timeToLive)
                let content = record.content.encoded.prefix(65_535)
                append(UInt16(clamping: content.count))
                bytes += content
            }
        }
        return bytes
    }
}

extension DNSRecord.Content {
    fileprivate var encoded: [UInt8] {
        switch self {
        case .name(let name):
            name.labels.flatMap { [UInt8(truncatingIfNeeded: $0.count)] + $0 } + [0]
        case .strings(let strings):
            // An empty TXT record has one empty string (RFC 6763 §6.1).
            (strings.isEmpty ? [[]] : strings).flatMap { [UInt8(clamping: $0.count)] + $0.prefix(255) }
        case .bytes(let bytes): bytes
        }
    }
}

extension DNSMessage {
    /// Reads a message from a datagram. Bytes after it are ignored.
    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var reader = DNSReader(bytes)
        self.id = try reader.readUInt16()
        self.flags = try reader.readUInt16()
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(Int(try reader.readUInt16())) }
        guard counts.reduce(0, +) <= Self.maximumRecordCount else {
            throw LibP2PError(.tooLong, "a DNS message with more than \(Self.maximumRecordCount) records")
        }
        for _ in 0..<counts[0] { self.questions.append(try reader.readQuestion()) }
        self.answers = try reader.readRecords(counts[1])
        self.authorities = try reader.readRecords(counts[2])
        self.additionals = try reader.readRecords(counts[3])
    }

    /// Reads the answers of a message that may break off: what there is of them.
    static func answers(in bytes: [UInt8]) throws(LibP2PError) -> DNSMessage {
        var reader = DNSReader(bytes)
        var message = DNSMessage()
        message.id = try reader.readUInt16()
        message.flags = try reader.readUInt16()
        let questionCount = try reader.readUInt16()
        let answerCount = try reader.readUInt16()
        _ = try reader.readUInt32()
        guard Int(questionCount) + Int(answerCount) <= Self.maximumRecordCount else {
            throw LibP2PError(.tooLong, "a DNS message with more than \(Self.maximumRecordCount) records")
        }
        for _ in 0..<questionCount { message.questions.append(try reader.readQuestion()) }
        for _ in 0..<answerCount {
            guard let record = try? reader.readRecord() else { break }
            message.answers.append(record)
        }
        return message
    }
}

/// Reads a DNS message from front to back; names may point back into what was read (RFC 1035 §4.1.4).
private struct DNSReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private static let truncated = LibP2PError(.truncated, "a DNS message breaks off")

    mutating func readByte() throws(LibP2PError) -> UInt8 {
        guard self.position < self.bytes.count else { throw Self.truncated }
        defer { self.position += 1 }
        return self.bytes[self.position]
    }

    mutating func readUInt16() throws(LibP2PError) -> UInt16 {
        let high = try self.readByte()
        return UInt16(high) << 8 | UInt16(try self.readByte())
    }

    mutating func readUInt32() throws(LibP2PError) -> UInt32 {
        let high = try self.readUInt16()
        return UInt32(high) << 16 | UInt32(try self.readUInt16())
    }

    mutating func read(_ count: Int) throws(LibP2PError) -> [UInt8] {
        guard count <= self.bytes.count - self.position else { throw Self.truncated }
        defer { self.position += count }
        return Array(self.bytes[self.position..<self.position + count])
    }

    mutating func readName() throws(LibP2PError) -> DNSName {
        var labels: [[UInt8]] = []
        var byteCount = 1
        // Where reading goes on after the name: behind the first pointer.
        var end: Int?
        // A pointer leads to before the piece that it is in, so that the reading ends.
        var start = self.position
        while true {
            let length = try self.readByte()
            switch length {
            case 0:
                if let end { self.position = end }
                guard let name = DNSName(labels: labels) else { break }
                return name
            case 1...63:
                byteCount += Int(length) + 1
                guard byteCount <= 255 else { break }
                labels.append(try self.read(Int(length)))
                continue
            case 0xC0...0xFF:
                let target = Int(length & 0x3F) << 8 | Int(try self.readByte())
                guard target < start else { break }
                end = end ?? self.position
                self.position = target
                start = target
                continue
            default: break
            }
            throw LibP2PError(.malformed, "a name in a DNS message is too long or runs in a circle")
        }
    }

    mutating func readQuestion() throws(LibP2PError) -> DNSQuestion {
        let name = try self.readName()
        let type = DNSRecord.Kind(number: try self.readUInt16())
        return DNSQuestion(name: name, type: type, kind: try self.readUInt16())
    }

    mutating func readRecords(_ count: Int) throws(LibP2PError) -> [DNSRecord] {
        var records: [DNSRecord] = []
        for _ in 0..<count { records.append(try self.readRecord()) }
        return records
    }

    mutating func readRecord() throws(LibP2PError) -> DNSRecord {
        let name = try self.readName()
        let type = DNSRecord.Kind(number: try self.readUInt16())
        let kind = try self.readUInt16()
        let timeToLive = try self.readUInt32()
        let count = Int(try self.readUInt16())
        guard count <= self.bytes.count - self.position else { throw Self.truncated }
        let end = self.position + count
        let content: DNSRecord.Content
        switch type {
        case .ptr, .cname: content = .name(try self.readName())
        case .txt: content = .strings(try self.readStrings(until: end))
        default: content = .bytes(try self.read(count))
        }
        guard self.position == end else {
            throw LibP2PError(.malformed, "a DNS record is not as long as it says")
        }
        return DNSRecord(name: name, type: type, kind: kind, timeToLive: timeToLive, content: content)
    }

    private mutating func readStrings(until end: Int) throws(LibP2PError) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        while self.position < end { strings.append(try self.read(Int(try self.readByte()))) }
        // RFC 6763 §6.1: no string at all means the same as an empty one.
        return strings.isEmpty ? [[]] : strings
    }
}

extension DNSMessage {
    struct TooLarge: Error, CustomStringConvertible {
        let description = "a DNS message has 65,535 bytes at most"
    }

    /// The message in `bytes`, all of them: what is left over is an error too.
    init(_ bytes: [UInt8]) throws(DNSReader.Malformed) {
        self.init()
        var reader = DNSReader(bytes)
        try self.readHeader(&reader)
        var counts: [UInt16] = []
        for _ in 0..<4 { counts.append(try reader.uint16()) }
        // The counts are the peer's, but each round takes bytes, so the message bounds them.
        for _ in 0..<counts[0] {
            let (name, type) = (try reader.name(), DNSType(rawValue: try reader.uint16()))
            self.questions.append(Question(name: name, type: type, questionClass: try reader.uint16()))
        }
        self.answers = try Self.records(counts[1], &reader)
        self.authorities = try Self.records(counts[2], &reader)
        for record in try Self.records(counts[3], &reader) { try self.takeAdditional(record) }
        guard reader.isAtEnd else { throw DNSReader.Malformed() }
    }

    /// The header alone, of a message whose rest makes no sense. Nil: there is not even a header.
    init?(headerOf bytes: [UInt8]) {
        guard bytes.count >= Self.headerSize else { return nil }
        self.init()
        var reader = DNSReader(bytes)
        do { try self.readHeader(&reader) } catch { return nil }
    }

    /// The bytes that go over the wire. Where there is a padding option, it fills them up to a multiple of what RFC
    /// 8467 recommends.
    func encoded() throws(TooLarge) -> [UInt8] {
        var flags = UInt16(self.isResponse ? 0x8000 : 0) | UInt16(self.operation & 0xF) << 11 | self.code & 0xF
        if self.isAuthoritative { flags |= 0x0400 }
        if self.isTruncated { flags |= 0x0200 }
        if self.wantsRecursion { flags |= 0x0100 }
        let counts = [
            self.questions.count, self.answers.count, self.authorities.count,
            self.additionals.count + (self.edns == nil ? 0 : 1),
        ]
        guard counts.allSatisfy({ $0 <= UInt16.max }) else { throw TooLarge() }
        var bytes = self.id.bigEndianBytes + flags.bigEndianBytes
        for count in counts { bytes += UInt16(truncatingIfNeeded: count).bigEndianBytes }
        for question in self.questions {
            bytes += question.name.encoded + question.type.rawValue.bigEndianBytes
            bytes += question.questionClass.bigEndianBytes
        }
        for record in self.answers + self.authorities + self.additionals {
            bytes += record.encoded
            guard bytes.count <= Self.maximumSize else { throw TooLarge() }
        }
        if let edns { bytes += self.encoded(edns, after: bytes.count) }
        guard bytes.count <= Self.maximumSize else { throw TooLarge() }
        return bytes
    }

    private mutating func readHeader(_ reader: inout DNSReader) throws(DNSReader.Malformed) {
        self.id = try reader.uint16()
        let flags = try reader.uint16()
        self.isResponse = flags & 0x8000 != 0
        self.operation = UInt8(truncatingIfNeeded: flags >> 11 & 0xF)
        self.isAuthoritative = flags & 0x0400 != 0
        self.isTruncated = flags & 0x0200 != 0
        self.wantsRecursion = flags & 0x0100 != 0
        self.code = flags & 0xF
    }

    private static func records(
        _ count: UInt16, _ reader: inout DNSReader
    ) throws(DNSReader.Malformed) -> [DNSRecord] {
        var records: [DNSRecord] = []
        for _ in 0..<count {
            let record = try DNSRecord(&reader)
            records.append(record)
        }
        return records
    }

    /// The OPT record uses the fields of other records for its own purposes (RFC 6891, section 6.1.2).
    private mutating func takeAdditional(_ record: DNSRecord) throws(DNSReader.Malformed) {
        guard record.type == .opt else { return self.additionals.append(record) }
        guard self.edns == nil, record.name == .root, case .other(let content) = record.content else {
            throw DNSReader.Malformed()
        }
        var edns = Extension(
            payloadSize: record.recordClass, version: UInt8(truncatingIfNeeded: record.timeToLive >> 16))
        self.code |= UInt16(truncatingIfNeeded: record.timeToLive >> 24) << 4
        var reader = DNSReader(content)
        while !reader.isAtEnd {
            let option = try reader.uint16()
            edns.options[option] = try reader.take(Int(try reader.uint16()))
        }
        self.edns = edns
    }

    private func encoded(_ edns: Extension, after size: Int) -> [UInt8] {
        var options = edns.options.filter { $0.key != Extension.padding }.sorted { $0.key < $1.key }
        if edns.options[Extension.padding] != nil {
            let before = size + 11 + options.reduce(4) { $0 + 4 + $1.value.count }
            let block = self.isResponse ? 468 : 128
            // A block may not fit any more; a shorter padding is better than none.
            let padded = min((before + block - 1) / block * block, max(before, Self.maximumSize))
            options.append((Extension.padding, [UInt8](repeating: 0, count: padded - before)))
        }
        let content = options.flatMap {
            $0.key.bigEndianBytes + UInt16(truncatingIfNeeded: $0.value.count).bigEndianBytes + $0.value
        }
        var record = DNSRecord(
            name: .root, type: .opt, timeToLive: UInt32(self.code >> 4) << 24 | UInt32(edns.version) << 16,
            content: .other(content))
        record.recordClass = edns.payloadSize
        return record.encoded
    }
}

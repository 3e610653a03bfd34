extension DNSZone {
    /// What is served where no zone file is given.
    static let builtIn = """
        $ORIGIN test.
        $TTL 60
        @     SOA   ns.test. admin.test. 1 3600 600 86400 30
        @     NS    ns.test.
        ns    A     127.0.0.1
        www   A     192.0.2.80
        www   AAAA  2001:db8::80
        hello TXT   "good morning" "DNS over QUIC"
        deep.below.www A 192.0.2.81
        """

    /// Reads a zone file (RFC 1035, section 5) with one record to a line; parentheses are not understood.
    ///
    ///     $ORIGIN example.org.
    ///     $TTL 3600
    ///     @    SOA   ns admin 1 7200 3600 86400 300
    ///     www  60 IN A 192.0.2.1   ; a comment
    init(file text: String) throws(DNSZoneError) {
        var (origin, timeToLive, owner) = (DNSName.root, UInt32(3_600), DNSName?.none)
        var records: [DNSRecord] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let fail = { (reason: String) in DNSZoneError("line \(index + 1) of the zone: \(reason)") }
            guard var words = Self.words(line) else { throw fail("a quotation mark is missing") }
            guard let first = words.first else { continue }
            switch first {
            case "$ORIGIN":
                guard words.count == 2, let name = DNSName(words[1], relativeTo: origin) else {
                    throw fail("$ORIGIN wants a name")
                }
                origin = name
                continue
            case "$TTL":
                guard words.count == 2, let seconds = UInt32(words[1]) else { throw fail("$TTL wants seconds") }
                timeToLive = seconds
                continue
            default: break
            }
            // A line that begins with a blank belongs to the name above.
            if line.first != " ", line.first != "\t" {
                owner = DNSName(words.removeFirst(), relativeTo: origin)
            }
            guard let owner else { throw fail("that is no name") }
            var seconds = timeToLive
            if let number = words.first.flatMap({ UInt32($0) }) {
                seconds = number
                words.removeFirst()
            }
            if words.first?.uppercased() == "IN" { words.removeFirst() }
            guard let word = words.first, let type = DNSType(word) else { throw fail("a type of record is missing") }
            guard let content = Self.content(type, Array(words.dropFirst()), origin) else {
                throw fail("that is no \(type) record that this server knows")
            }
            records.append(DNSRecord(name: owner, type: type, timeToLive: seconds, content: content))
        }
        try self.init(records)
    }

    private static func content(_ type: DNSType, _ words: [String], _ origin: DNSName) -> DNSRecord.Content? {
        switch (type, words.count) {
        case (.a, 1): return IPAddressText.ipv4(words[0]).map { .address($0) }
        case (.aaaa, 1): return IPAddressText.ipv6(words[0]).map { .address($0) }
        case (.ns, 1): return DNSName(words[0], relativeTo: origin).map { .name($0) }
        case (.soa, 7):
            let numbers = words[2...].compactMap { UInt32($0) }
            guard let primary = DNSName(words[0], relativeTo: origin), numbers.count == 5,
                let mailbox = DNSName(words[1], relativeTo: origin)
            else { return nil }
            return .authority(primary: primary, mailbox: mailbox, numbers: numbers)
        case (.txt, 1...):
            guard words.allSatisfy({ $0.utf8.count <= UInt8.max }),
                words.reduce(0, { $0 + 1 + $1.utf8.count }) <= UInt16.max
            else { return nil }
            return .texts(words.map { Array($0.utf8) })
        default: return nil
        }
    }

    /// The words of a line, without the comment at its end. Nil: a quotation mark is missing.
    private static func words(_ line: Substring) -> [String]? {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        for character in line {
            switch character {
            case "\"":
                if isQuoted, let whole = word { words.append(whole) }
                word = isQuoted ? nil : ""
                isQuoted.toggle()
            case _ where isQuoted: word?.append(character)
            case ";":
                if let word { words.append(word) }
                return words
            case " ", "\t", "\r":
                if let word { words.append(word) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return isQuoted ? nil : words
    }
}

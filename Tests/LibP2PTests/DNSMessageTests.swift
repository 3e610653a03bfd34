internal import Testing

@testable internal import LibP2P

@Suite struct DNSMessageTests {
    // Made with dnspython.
    private static let question =
        "123401000001000000000001085f646e7361646472076578616d706c65036f726700001000010000291000000000000000"
    private static let answer =
        "123481000001000300000000085f646e7361646472076578616d706c65036f72670000100001c00c000500010000012c0011037478"
        + "74076578616d706c65036e657400c032001000010000003c00291f646e73616464723d2f6970342f3139322e302e322e312f756470"
        + "2f34303031082f717569632d7631c032001000010000003c0006056f74686572"
    private static let announcement =
        "000084000000000100000001045f703270045f756470056c6f63616c00000c000100000168000603616263c00cc027001000010000"
        + "0168002926646e73616464723d2f6970342f31302e302e302e312f7564702f343030312f717569632d76310178"

    @Test("A question with the size that is taken is written as others write it")
    func writtenQuestion() throws {
        let name = try #require(DNSName("_dnsaddr.example.org"))
        let root = try #require(DNSName(labels: []))
        var message = DNSMessage(id: 0x1234, flags: DNSMessage.recursionDesired)
        message.questions = [DNSQuestion(name: name, type: .txt)]
        message.additionals = [DNSRecord(name: root, type: .opt, kind: 4_096, timeToLive: 0, content: .bytes([]))]
        #expect(message.encoded.hex == Self.question)
        #expect(try DNSMessage(decoding: message.encoded) == message)
    }

    @Test("An answer with compressed names is read")
    func readAnswer() throws {
        let message = try DNSMessage(decoding: [UInt8](hex: Self.answer))
        #expect(message.isResponse && !message.isTruncated && message.operation == 0 && message.responseCode == 0)
        #expect(message.id == 0x1234 && message.questions.map(\.name.description) == ["_dnsaddr.example.org"])
        let other = try #require(DNSName("txt.example.net"))
        #expect(message.answers.map(\.content).first == .name(other))
        #expect(message.answers.dropFirst().map(\.name) == [other, other])
        #expect(message.answers.map(\.timeToLive) == [300, 60, 60])
        guard case .strings(let strings) = message.answers[1].content else {
            Issue.record("the second record is no text")
            return
        }
        #expect(strings.map { String(decoding: $0, as: UTF8.self) } == ["dnsaddr=/ip4/192.0.2.1/udp/4001", "/quic-v1"])
    }

    @Test("A message comes back from its bytes, which are those of others but for the compression")
    func announcements() throws {
        let message = try DNSMessage(decoding: [UInt8](hex: Self.announcement))
        #expect(message.flags == DNSMessage.response | DNSMessage.authoritative)
        #expect(try DNSMessage(decoding: message.encoded) == message)
        #expect(message.encoded.count > Self.announcement.count / 2)
    }

    @Test("A message that is cut anywhere is refused, and its whole answers can be read all the same")
    func cut() throws {
        let bytes = [UInt8](hex: Self.answer)
        for count in 0..<bytes.count {
            #expect(throws: LibP2PError.self) { try DNSMessage(decoding: Array(bytes.prefix(count))) }
        }
        #expect(try DNSMessage.answers(in: bytes).answers.count == 3)
        #expect(try DNSMessage.answers(in: bytes.dropLast()).answers.count == 2)
        #expect(try DNSMessage.answers(in: Array(bytes.prefix(38))).answers.isEmpty)
        #expect(throws: LibP2PError.self) { try DNSMessage.answers(in: Array(bytes.prefix(37))) }
    }

    private static let malformed: [(String, String)] = [
        ("a pointer to itself", "c00c"), ("a pointer forward", "c020"), ("a pointer in a circle", "0161c00c"),
        ("a label of an unknown kind", "4161"), ("another one", "8061"), ("no end", "0161"),
        ("a name of 256 bytes", String(repeating: "3f" + String(repeating: "61", count: 63), count: 4) + "00"),
    ]

    @Test("Names that run in circles or are too long are refused", arguments: malformed)
    func malformedNames(_ malformed: (why: String, hex: String)) {
        let bytes = [UInt8](hex: "000000000001000000000000" + malformed.hex + "00100001")
        #expect(throws: LibP2PError.self, "\(malformed.why)") { try DNSMessage(decoding: bytes) }
    }

    @Test("A name of 255 bytes is read, and one that points back and back again")
    func longestNames() throws {
        let labels = String(repeating: "3f" + String(repeating: "61", count: 63), count: 3)
        let last = "3d" + String(repeating: "62", count: 61) + "00"
        let message = try DNSMessage(decoding: [UInt8](hex: "000000000001000000000000" + labels + last + "00100001"))
        #expect(message.questions.first?.name.byteCount == 255)
        // "b.a" points to "a", "c.b.a" to "b.a".
        let pointers = "016100" + "00100001" + "0162c00c" + "00100001" + "0163c013" + "00100001"
        let pointing = try DNSMessage(decoding: [UInt8](hex: "000000000003000000000000" + pointers))
        #expect(pointing.questions.map(\.name.description) == ["a", "b.a", "c.b.a"])
    }

    @Test("Records that are not as long as they say are refused, and so are more than 512")
    func lengths() {
        let header = "000000000000000100000000"
        // A pointer record whose name is shorter than its length, and one whose name is longer; text beyond its record.
        for record in [
            "00000c00010000000000040161000000", "00000c0001000000000001016100", "0000100001000000000002056100",
        ] {
            #expect(throws: LibP2PError.self) { try DNSMessage(decoding: [UInt8](hex: header + record)) }
        }
        let root = String(repeating: "0000100001", count: 513)
        let error = #expect(throws: LibP2PError.self) {
            try DNSMessage(decoding: [UInt8](hex: "000000000201000000000000" + root))
        }
        #expect(error?.code == .tooLong)
        #expect(throws: Never.self) { try DNSMessage(decoding: [UInt8](hex: "000000000200000000000000" + root)) }
    }

    @Test("Names are compared without regard to case, and are checked")
    func names() throws {
        #expect(DNSName("_P2P._udp.LOCAL") == DNSName("_p2p._udp.local."))
        #expect(DNSName("a.b") != DNSName("ab"))
        #expect(DNSName("") == nil && DNSName("a..b") == nil && DNSName(String(repeating: "a", count: 64)) == nil)
        #expect(DNSName(String(repeating: "a.", count: 127)) != nil)
        #expect(DNSName(String(repeating: "a.", count: 128)) == nil)
        #expect(DNSName("local")?.prefixed(by: "a")?.description == "a.local")
        #expect(DNSName("local")?.prefixed(by: "") == nil)
    }

    @Test("Random damage to messages is refused or read, and never more", arguments: 1...4 as ClosedRange<UInt64>)
    func damage(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let whole = [Self.question, Self.answer, Self.announcement].map { [UInt8](hex: $0) }
        var read = 0
        for round in 0..<5_000 {
            var bytes = whole[round % whole.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            guard let message = try? DNSMessage(decoding: bytes) else { continue }
            read += 1
            #expect(try DNSMessage(decoding: message.encoded) == message, "seed \(seed)")
        }
        #expect(read > 100, "seed \(seed)")
    }
}

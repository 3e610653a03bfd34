import Testing

@testable import DNSOverQUICExample

@Suite("DNS messages")
struct DNSMessageTests {
    /// A query for www.test A in RFC 1035's form, with nothing else.
    static let query: [UInt8] =
        [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + [3] + Array("www".utf8) + [4] + Array("test".utf8) + [0, 0, 1, 0, 1]

    @Test("a query is read as RFC 1035 writes it")
    func reading() throws {
        let message = try DNSMessage(Self.query)
        #expect(message.questions == [.init(name: try #require(DNSName("WWW.Test")), type: .a)])
        #expect(message.wantsRecursion && !message.isResponse && message.edns == nil)
    }

    @Test("queries are padded to 128 bytes and answers to 468, as RFC 8467 recommends")
    func padding() throws {
        let zone = try DNSZone(file: DNSZone.builtIn)
        let query = DNSMessage(query: try #require(DNSName("www.test")), .a)
        #expect(try query.encoded().count == 128)
        #expect(try zone.answer(to: query).encoded().count == 468)
        #expect(try zone.answer(to: try DNSMessage(Self.query)).encoded().count < 60)
    }

    @Test("every record of the zone comes back from its bytes")
    func roundTrip() throws {
        let zone = try DNSZone(file: DNSZone.builtIn)
        for name in ["test", "ns.test", "www.test", "hello.test"] {
            let answer = zone.answer(to: DNSMessage(query: try #require(DNSName(name)), .any))
            let copy = try DNSMessage(try answer.encoded())
            #expect(copy.answers == answer.answers && !copy.answers.isEmpty)
        }
    }

    @Test("a name ends in a pointer to an earlier one")
    func compression() throws {
        // www.test A 192.0.2.80, its name a pointer to the question's.
        var bytes = Self.query
        bytes[2] = 0x84
        bytes[7] = 1
        bytes += [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80]
        let message = try DNSMessage(bytes)
        #expect(message.answers.map(\.description) == ["www.test. 60 IN A 192.0.2.80"])
    }

    @Test(
        "pointers that lead forward, to themselves or in a circle are refused",
        arguments: [[0xC0, 12], [0xC0, 14], [0xC1, 0xFF], [1, 97, 0xC0, 12], [0xC0, 14, 0xC0, 12]] as [[UInt8]])
    func circles(_ name: [UInt8]) {
        let bytes: [UInt8] = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name + [0, 1, 0, 1]
        #expect(throws: DNSReader.Malformed.self) { try DNSMessage(bytes) }
    }

    @Test("a name of more than 255 bytes is refused, also when pointers make it")
    func longNames() throws {
        let label = [63] + [UInt8](repeating: 97, count: 63)
        let header: [UInt8] = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        let three = header + label + label + label
        #expect(
            try DNSMessage(three + [61] + [UInt8](repeating: 97, count: 61) + [0, 0, 1, 0, 1]).questions.count == 1)
        #expect(throws: DNSReader.Malformed.self) { try DNSMessage(three + label + [0, 0, 1, 0, 1]) }
        var two = three + label + [0xC0, 12, 0, 1, 0, 1]
        two[5] = 2
        #expect(throws: DNSReader.Malformed.self) { try DNSMessage(two) }
    }

    @Test("what is cut off, or has bytes too many, is refused")
    func lengths() throws {
        let whole = try DNSMessage(query: try #require(DNSName("www.test")), .a).encoded()
        for count in whole.indices {
            #expect(throws: DNSReader.Malformed.self) { try DNSMessage(Array(whole.prefix(count))) }
        }
        #expect(throws: DNSReader.Malformed.self) { try DNSMessage(whole + [0]) }
        var second = Self.query
        second[5] = 2
        #expect(throws: DNSReader.Malformed.self) { try DNSMessage(second) }
    }

    @Test("no bytes make the server trap, and every answer it gives can be read", arguments: 0..<8)
    func hostile(seed: UInt64) throws {
        let zone = try DNSZone(file: DNSZone.builtIn)
        var random = SplitMix64(seed: seed)
        let query = DNSMessage(query: try #require(DNSName("hello.test")), .txt)
        let models = [Self.query, try query.encoded(), try zone.answer(to: query).encoded()]
        for _ in 0..<5_000 {
            var bytes = models.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                // The beginning, where the counts and lengths are, more often than the padding.
                let end = Bool.random(using: &random) ? min(40, bytes.count) : bytes.count
                bytes[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            guard let answer = zone.answer(to: bytes) else {
                #expect(bytes.count < DNSMessage.headerSize)
                continue
            }
            #expect(try DNSMessage(try answer.encoded()).id == answer.id)
        }
    }
}

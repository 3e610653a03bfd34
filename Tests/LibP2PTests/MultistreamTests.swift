internal import Testing

@testable internal import LibP2P

@Suite struct MultistreamTests {
    private static let header = Array("\u{13}/multistream/1.0.0\n".utf8)
    private static let refusal = [UInt8](hex: "03 6e 61 0a")
    private static let ping = Array("\u{11}/ipfs/ping/1.0.0\n".utf8)
    private static let echo = Array("\u{0C}/echo/1.0.0\n".utf8)
    private static let served: @Sendable (ProtocolID) -> Bool = { $0 == "/echo/1.0.0" }

    // MARK: The messages

    @Test("The greeting, the refusal and a name have the bytes that the specification gives them")
    func knownMessages() {
        #expect(Multistream.header == Self.header)
        #expect(Multistream.refusal == Self.refusal)
        #expect(Multistream.message("/ipfs/ping/1.0.0" as ProtocolID) == Self.ping)
    }

    @Test("The longest name makes a message of 1,024 bytes, and a longer one is no name")
    func longestName() {
        let longest = ProtocolID(String(repeating: "a", count: ProtocolID.maximumByteCount))
        #expect(longest.isValid)
        #expect(Multistream.message(longest).count == 1_024)
        #expect(!ProtocolID(longest.description + "a").isValid)
    }

    private static let broken: [(String, [UInt8])] = [
        ("no line feed", [3, 0x6E, 0x61, 0x61]), ("nothing inside", [0]), ("nothing inside, padded", [0x80, 0]),
        ("a padded length", [0x84, 0]), ("a length of three bytes", [0x80, 0x80, 1]),
        ("a length that never ends", [UInt8](repeating: 0xFF, count: 2)),
        ("1 GiB", [0x80, 0x80, 0x80, 0x80, 0x04]),
    ]

    @Test("Broken messages are refused as soon as they can be told", arguments: broken)
    func brokenMessages(what: String, bytes: [UInt8]) {
        var reader = MultistreamReader()
        reader.append(bytes)
        let error = #expect(throws: LibP2PError.self, "\(what)") { try reader.next() }
        #expect(error?.code == .protocolViolation, "\(what)")
    }

    @Test("A message of 16,383 bytes is read")
    func longestMessage() throws {
        var reader = MultistreamReader()
        reader.append([0xFF, 0x7F] + [UInt8](repeating: 0x61, count: 16_382))
        #expect(try reader.next() == nil)
        reader.append([0x0A, 7])
        #expect(try reader.next()?.count == 16_382)
        #expect(reader.remainder == [7])
    }

    @Test("Messages come out whole, however they are cut", arguments: [1, 2, 3, 4] as [UInt64])
    func anyPieces(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let texts = (0..<50).map { _ in
            [UInt8](repeating: 0x2F, count: Int.random(in: 0...300, using: &random))
        }
        var bytes = texts.flatMap { Multistream.message($0) }[...]
        var reader = MultistreamReader()
        var found: [[UInt8]] = []
        while !bytes.isEmpty {
            let piece = bytes.prefix(Int.random(in: 1...120, using: &random))
            bytes = bytes.dropFirst(piece.count)
            reader.append(Array(piece))
            while let text = try reader.next() { found.append(text) }
        }
        #expect(found == texts, "seed \(seed)")
        #expect(reader.remainder.isEmpty)
    }

    // MARK: The side that offers

    @Test("The greeting and the first offer go together, and a refusal is answered with the next offer")
    func offers() throws {
        var initiator = try MultistreamInitiator(offering: ["/ipfs/ping/1.0.0", "/echo/1.0.0"])
        #expect(initiator.opening == Self.header + Self.ping)
        #expect(try initiator.receive(Self.header) == .wait)
        #expect(try initiator.receive(Self.refusal) == .send(Self.echo))
        #expect(try initiator.receive(Self.echo + [1, 2]) == .selected("/echo/1.0.0", remainder: [1, 2]))
    }

    @Test("When every offer is refused, the error names them")
    func allRefused() throws {
        var initiator = try MultistreamInitiator(offering: ["/a", "/b"])
        #expect(try initiator.receive(Self.header + Self.refusal) == .send(Multistream.message("/b" as ProtocolID)))
        let error = #expect(throws: LibP2PError.self) { try initiator.receive(Self.refusal) }
        #expect(error?.code == .protocolNotSupported)
        #expect(error?.description.contains("/a, /b") == true)
    }

    private static let wrongAnswers: [(String, [UInt8])] = [
        ("another greeting", Array("\u{13}/multistream/2.0.0\n".utf8)),
        ("no greeting", echo), ("a protocol that was not offered", header + ping),
    ]

    @Test("Answers that make no sense are violations", arguments: wrongAnswers)
    func nonsense(what: String, bytes: [UInt8]) throws {
        var initiator = try MultistreamInitiator(offering: ["/echo/1.0.0"])
        let error = #expect(throws: LibP2PError.self, "\(what)") { try initiator.receive(bytes) }
        #expect(error?.code == .protocolViolation, "\(what)")
    }

    private static let impossible: [[ProtocolID]] = [
        [], [""], ["/a\n"], [ProtocolID(String(repeating: "a", count: 1_022))],
        (0..<65).map { ProtocolID("/\($0)") },
    ]

    @Test("Offers that cannot be sent are refused before anything is sent", arguments: impossible)
    func impossibleOffers(offers: [ProtocolID]) {
        let error = #expect(throws: LibP2PError.self) { try MultistreamInitiator(offering: offers) }
        #expect(error?.code == .invalidConfiguration)
    }

    // MARK: The side that is asked

    @Test("A burst of greeting, protocol and data is answered at once, and the data kept")
    func burst() throws {
        var responder = MultistreamResponder()
        let step = try responder.receive(Self.header + Self.echo + [9, 8, 7], serving: Self.served)
        #expect(step == .init(reply: Self.header + Self.echo, selected: "/echo/1.0.0", remainder: [9, 8, 7]))
    }

    @Test("What is not served is refused, and something else may be asked for")
    func secondTry() throws {
        var responder = MultistreamResponder()
        #expect(try responder.receive(Self.header, serving: Self.served).reply == Self.header)
        let first = try responder.receive(Self.ping, serving: Self.served)
        #expect(first == .init(reply: Self.refusal))
        #expect(try responder.receive(Self.echo, serving: Self.served).selected == "/echo/1.0.0")
    }

    @Test("A name that is not UTF-8, or too long to be one, is refused like any other that is not served")
    func noName() throws {
        var responder = MultistreamResponder()
        let texts: [[UInt8]] = [[0xFF, 0xFE], [UInt8](repeating: 0x61, count: 1_022)]
        let step = try responder.receive(
            Self.header + texts.flatMap { Multistream.message($0) }, serving: { _ in true })
        #expect(step.reply == Self.header + Self.refusal + Self.refusal)
        #expect(step.selected == nil)
    }

    @Test("ls is answered with a list of messages, once")
    func list() throws {
        var responder = MultistreamResponder()
        _ = try responder.receive(Self.header, serving: Self.served)
        let list = Multistream.message(Array("ls".utf8))
        let reply = try responder.receive(list, serving: Self.served, listing: { ["/echo/1.0.0", "/ipfs/ping/1.0.0"] })
        let inner = Self.echo + Self.ping
        #expect(reply.reply == [UInt8(inner.count + 1)] + inner + [0x0A])
        #expect(try responder.receive(list, serving: Self.served, listing: { ["/a"] }).reply == Self.refusal)
    }

    @Test("A list that is too long for a message is cut")
    func longList() throws {
        let names = (0..<100).map { ProtocolID("/\($0)/" + String(repeating: "a", count: 1_000)) }
        var reader = MultistreamReader()
        reader.append(Multistream.list(names))
        let text = try #require(try reader.next())
        #expect(text.count > 15_000)
        #expect(reader.remainder.isEmpty)
    }

    @Test("64 attempts are served, the next one of 10,000 is a violation")
    func attempts() throws {
        var responder = MultistreamResponder()
        var asked = 0
        _ = try responder.receive(Self.header, serving: Self.served)
        let error = #expect(throws: LibP2PError.self) {
            for _ in 0..<10_000 {
                _ = try responder.receive(Self.ping, serving: Self.served)
                asked += 1
            }
        }
        #expect(asked == 64)
        #expect(error?.code == .protocolViolation)
        var burst = MultistreamResponder()
        let flood = Self.header + [[UInt8]](repeating: Self.ping, count: 10_000).flatMap(\.self)
        #expect(throws: LibP2PError.self) { try burst.receive(flood, serving: Self.served) }
    }

    @Test("Random bytes never make either side trap", arguments: [5, 6, 7] as [UInt64])
    func garbage(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let bytes = [UInt8].random(count: Int.random(in: 0...60, using: &random), using: &random)
            let prefix = Bool.random(using: &random) ? Self.header : []
            var initiator = try MultistreamInitiator(offering: ["/echo/1.0.0"])
            var responder = MultistreamResponder()
            if let step = try? initiator.receive(prefix + bytes) { #expect(step == .wait, "seed \(seed)") }
            if let step = try? responder.receive(prefix + bytes, serving: Self.served) {
                #expect(step.selected == nil, "seed \(seed)")
            }
        }
    }
}

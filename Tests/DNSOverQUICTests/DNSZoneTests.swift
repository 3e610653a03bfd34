import Testing

@testable import DNSOverQUICExample

@Suite("Zones")
struct DNSZoneTests {
    @Test(
        "a name that is there, one that is not, one between names, and one of another zone",
        arguments: [
            ("www.test", DNSType.a, DNSMessage.Status.noError, 1), ("www.test", .txt, .noError, 0),
            ("nothing.test", .a, .nonexistentDomain, 0), ("below.www.test", .a, .noError, 0),
            ("DEEP.below.www.test", .a, .noError, 1), ("example.org", .a, .refused, 0), ("test", .any, .noError, 2),
            ("test", DNSType(rawValue: 252), .refused, 0),
        ])
    func answers(name: String, type: DNSType, status: DNSMessage.Status, count: Int) throws {
        let zone = try DNSZone(file: DNSZone.builtIn)
        let answer = zone.answer(to: DNSMessage(query: try #require(DNSName(name)), type))
        #expect(answer.status == status && answer.answers.count == count)
        #expect(answer.isAuthoritative == (status != .refused))
        // RFC 2308: the SOA record says how long it may be remembered that there is nothing.
        #expect(answer.authorities.map(\.type) == (count == 0 && status != .refused ? [.soa] : []))
    }

    @Test("what is no ordinary query is answered with what is wrong with it")
    func oddQueries() throws {
        let zone = try DNSZone(file: DNSZone.builtIn)
        let query = DNSMessage(query: try #require(DNSName("www.test")), .a)
        let change = { (change: (inout DNSMessage) -> Void) in
            var odd = query
            change(&odd)
            return zone.answer(to: odd).status
        }
        #expect(change { $0.operation = 5 } == .notImplemented)
        #expect(change { $0.questions = [] } == .formatError)
        #expect(change { $0.questions += $0.questions } == .formatError)
        #expect(change { $0.questions[0].questionClass = 3 } == .refused)
        #expect(change { $0.edns?.version = 1 } == .badVersion)
        #expect(zone.answer(to: try query.encoded().dropLast())?.status == .formatError)
        #expect(zone.answer(to: [0, 0, 1]) == nil)
    }

    @Test(
        "a zone file that can't be served says which line is wrong, and why",
        arguments: [
            ("", "a zone has one SOA record, this one has 0"),
            ("$TTL x", "line 1 of the zone: $TTL wants seconds"),
            ("$ORIGIN test.\n@ SOA ns admin 1 2 3 4 5\nwww A 192.0.2.256", "line 3 of the zone: that is no A record"),
            ("$ORIGIN test.\nwww TXT \"open", "line 2 of the zone: a quotation mark is missing"),
            ("$ORIGIN test.\n@ SOA ns admin 1 2 3 4 5\nexample.org. A 192.0.2.1", "example.org. is outside of test."),
            ("$ORIGIN test.\n@ SOA ns admin 1 2 3 4 5\nwww NS ns", "www.test. has an NS record"),
            (" A 192.0.2.1", "line 1 of the zone: that is no name"),
        ])
    func wrongZones(text: String, reason: String) {
        let error = #expect(throws: DNSZoneError.self) { try DNSZone(file: text) }
        #expect(error?.description.hasPrefix(reason) == true)
    }

    @Test("a zone file may have comments, other origins, and lines that go on with the name above")
    func zoneFiles() throws {
        let zone = try DNSZone(
            file: """
                $ORIGIN example.org. ; a comment
                @ 60 IN SOA ns admin.example.org. 1 2 3 4 5
                $ORIGIN deep.example.org.
                www A 192.0.2.1
                    30 AAAA 2001:db8:0:0:1::1
                """)
        let answer = zone.answer(to: DNSMessage(query: try #require(DNSName("www.deep.example.org")), .any))
        #expect(
            answer.answers.map(\.description) == [
                "www.deep.example.org. 3600 IN A 192.0.2.1", "www.deep.example.org. 30 IN AAAA 2001:db8::1:0:0:1",
            ])
    }

    @Test(
        "IPv6 addresses are read in every form and written in that of RFC 5952",
        arguments: [
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:1:0:0:0:0:1", "0:0:1::1"),
            ("2001:DB8::1:0:0:1", "2001:db8::1:0:0:1"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ])
    func ipv6(text: String, written: String) throws {
        #expect(IPAddressText.text(try #require(IPAddressText.ipv6(text))) == written)
    }

    @Test(
        "what is no address is none",
        arguments: [
            "", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "1:2:3:4::5:6:7:8", "::+1",
            "g::",
        ])
    func noAddresses(text: String) {
        #expect(IPAddressText.ipv6(text) == nil)
        #expect(IPAddressText.ipv4(text) == nil)
    }
}

import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("TLS values")
struct TLSValueTests {
    @Test("the protocols that a client names are found behind other extensions, and nothing in a message that is cut")
    func clientHelloProtocols() {
        let names: [UInt8] = [0, 16, 0, 11, 0, 9, 4] + Array("echo".utf8) + [3] + Array("h3x".utf8)
        let extensions: [UInt8] = [0, 43, 0, 3, 2, 3, 4] + names
        let start = [UInt8](repeating: 3, count: 34) + [1, 9] + [0, 2, 0x13, 0x01] + [1, 0]
        let message = start + [0, UInt8(extensions.count)] + extensions
        #expect(ClientHello.protocols(message) == [Array("echo".utf8), Array("h3x".utf8)])
        for count in 0..<message.count { #expect(ClientHello.protocols(Array(message.prefix(count))) == []) }
        #expect(ClientHello.protocols(start + [0, 0]) == [])
    }

    @Test("numbers and counted strings are read from the front, and never beyond the end")
    func byteReader() {
        var reader = ByteReader([1, 0, 2, 0, 0, 0, 3, 0, 2, 8, 9])
        #expect(reader.byte() == 1)
        #expect(reader.uint16() == 2)
        #expect(reader.uint32() == 3)
        #expect(!reader.isAtEnd)
        #expect(reader.counted() == [8, 9])
        #expect(reader.isAtEnd)
        #expect(reader.byte() == nil)
        #expect(reader.uint16() == nil)
        #expect(reader.uint32() == nil)
        #expect(reader.counted() == nil)
        #expect(reader.bytes(0) == [])
        #expect(reader.bytes(-1) == nil)

        var short = ByteReader([0, 3, 1, 2])
        #expect(short.counted() == nil)
        var tooShort = ByteReader([7])
        #expect(tooShort.uint16() == nil)
        #expect(tooShort.byte() == 7)
    }

    @Test(
        "IPv4 addresses",
        arguments: [
            ("127.0.0.1", [127, 0, 0, 1]), ("0.0.0.0", [0, 0, 0, 0]), ("255.255.255.255", [255, 255, 255, 255]),
        ] as [(String, [UInt8])])
    func ipv4(text: String, bytes: [UInt8]) {
        #expect(IPLiteral.parse(text) == bytes)
    }

    @Test(
        "IPv6 addresses",
        arguments: [
            ("::", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("::1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("[::1]", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("1::", [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("2001:DB8::a:b", [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0x0b]),
            ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
            ("1:2:3:4:5:6:7::", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]),
            ("::ffff:192.0.2.1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]),
            ("1:2:3:4:5:6:192.0.2.1", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 192, 0, 2, 1]),
        ] as [(String, [UInt8])])
    func ipv6(text: String, bytes: [UInt8]) {
        #expect(IPLiteral.parse(text) == bytes)
    }

    @Test(
        "what is no address is a name",
        arguments: [
            "", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.", ".1.2.3", "1.2.3.+4", "1.2.3.-4",
            "1.2.3.0004",
            "a.b.c.d", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::", "::12345",
            "::g",
            "::+1", "::-1", "1:", ":1", "::1.2.3", "1.2.3.4::", "[::1", "::1]", "1:2:3:4:5:6:7:1.2.3.4",
            "0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", "fe80::1%eth0",
        ])
    func names(text: String) {
        #expect(IPLiteral.parse(text) == nil)
    }

    @Test("a ticket's parts survive as bytes", arguments: [true, false])
    func ticket(allowsEarlyData: Bool) throws {
        let ticket = ResumptionTicket(
            serverName: "münchen.test", applicationProtocol: "h3", version: QUICVersion(0x6b33_43cf),
            allowsEarlyData: allowsEarlyData, transportParameters: [1, 2, 3], trust: [9], session: pattern(1_075))
        let stored = try #require(ResumptionTicket(ticket.bytes))
        #expect(stored == ticket)
        #expect(stored.serverName == "münchen.test")
        #expect(stored.applicationProtocol == "h3")
        #expect(stored.version == .version2)
        #expect(stored.allowsEarlyData == allowsEarlyData)
        #expect(stored.transportParameters == [1, 2, 3])
        #expect(stored.trust == [9])
        #expect(stored.session == pattern(1_075))
    }

    @Test("a ticket without a session is none")
    func emptyTicket() {
        let ticket = ResumptionTicket(
            serverName: "a", applicationProtocol: "b", version: .version1, allowsEarlyData: false,
            transportParameters: [], trust: [], session: [])
        #expect(ResumptionTicket(ticket.bytes) == nil)
    }

    @Test("a NewSessionTicket message says whether it allows 0-RTT")
    func newSessionTicket() {
        func message(_ extensions: [UInt8], nonce: [UInt8] = [0, 1]) -> [UInt8] {
            [0, 0, 0x54, 0x60, 1, 2, 3, 4, UInt8(nonce.count)] + nonce + [0, 3, 7, 7, 7]
                + [UInt8(extensions.count >> 8), UInt8(extensions.count & 0xff)] + extensions
        }
        let allows: [UInt8] = [0, 42, 0, 4, 0xff, 0xff, 0xff, 0xff]
        let unknown: [UInt8] = [0x0a, 0x0a, 0, 2, 0, 0]
        #expect(NewSessionTicket.allowsEarlyData(message(allows)))
        #expect(NewSessionTicket.allowsEarlyData(message(unknown + allows)))
        #expect(NewSessionTicket.allowsEarlyData(message(allows, nonce: [])))
        #expect(!NewSessionTicket.allowsEarlyData(message([])))
        #expect(!NewSessionTicket.allowsEarlyData(message(unknown)))
        // RFC 9001 §4.6.1: any other number is an error of the server's.
        #expect(!NewSessionTicket.allowsEarlyData(message([0, 42, 0, 4, 0, 0, 0x40, 0])))
        #expect(!NewSessionTicket.allowsEarlyData(message([0, 42, 0, 0])))
        let whole = message(allows)
        for count in 0..<whole.count { #expect(!NewSessionTicket.allowsEarlyData(Array(whole.prefix(count)))) }
    }

    @Test("certificates in DER may be cut at any place without a trap")
    func cutCertificates() throws {
        let bundle = try Scenario.identities.bundle(for: ["cut.test"])
        for count in stride(from: 0, to: bundle.chain[0].count, by: 7) {
            let der = Array(bundle.chain[0].prefix(count))
            #expect(throws: EngineError(.invalidCredentials, "")) { try CertificateList(der: [der]) }
        }
        #expect(throws: EngineError(.invalidCredentials, "")) { try CertificateList(der: [bundle.chain[0], [1]]) }
    }

    @Test("SHA-256 is the real one")
    func digest() {
        #expect(
            sha256(Array("abc".utf8)).hexadecimal
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(sha256([]).hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}

@Suite("Library")
struct EngineLibraryTests {
    @Test("the versions of the loaded libraries can be read")
    func versions() {
        #expect(EngineLibrary.ngtcp2Version.split(separator: ".").count == 3)
        #expect(EngineLibrary.gnutlsVersion.hasPrefix("3."))
        #expect(EngineLibrary.versions.contains(.version1))
    }

    @Test("what a library can do follows from its version, so nothing is promised that it lacks")
    func abilities() throws {
        let numbers = EngineLibrary.ngtcp2Version.split(separator: ".").compactMap { Int($0) }
        try #require(numbers.count == 3)
        func isAtLeast(_ other: [Int]) -> Bool { !numbers.lexicographicallyPrecedes(other) }
        #expect(EngineLibrary.versions.contains(.version2) == isAtLeast([1, 0, 0]))
        #expect(EngineLibrary.writesQlogSafely == isAtLeast([1, 22, 1]))
        #expect(EngineLibrary.hidesBlockedStreams == !isAtLeast([1, 0, 0]))
        // Tests build against the version that they run with.
        #expect(EngineLibrary.countsAllLosses == isAtLeast([1, 16, 0]))
        #expect(EngineLibrary.choosesMTUProbes == isAtLeast([1, 4, 0]))
    }

    @Test("a library older than the headers is refused, and the error says what to install")
    func tooOld() throws {
        #expect(throws: Never.self) { try EngineLibrary.checkVersion() }
        #expect(throws: Never.self) { try EngineLibrary.check(running: .max) }
        let error = try #require(throws: EngineError.self) { try EngineLibrary.check(running: 0x00_0b_02) }
        #expect(error.code == .unsupportedByLibrary)
        #expect(error.message.contains("ngtcp2 0.11.2 is loaded"))
        #expect(error.message.contains("install libngtcp2"))
        #expect(error.message.contains("scripts/setup"))
    }
}

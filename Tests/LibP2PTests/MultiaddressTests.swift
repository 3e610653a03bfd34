internal import Testing

@testable internal import LibP2P

@Suite struct MultiaddressTests {
    private static let peer: String = "12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A"

    @Test("Text and bytes agree with py-multiaddr, in both directions", arguments: MultiaddressVectors.known)
    func vectors(_ known: (text: String, hex: String)) throws {
        let address = try Multiaddress(known.text)
        #expect(address.bytes.hex == known.hex)
        let same = try Multiaddress(bytes: [UInt8](hex: known.hex))
        #expect(same == address)
        #expect(same.description == known.text)
    }

    private static let forms: [(String, String)] = [
        ("/ip6/2001:DB8:0:0:1:0:0:1/tcp/1", "/ip6/2001:db8::1:0:0:1/tcp/1"),
        ("/ip6/0:0:0:0:0:ffff:192.0.2.1", "/ip6/::ffff:192.0.2.1"), ("/ip6/::192.0.2.1", "/ip6/::c000:201"),
        ("/ip6/1:0:2:0:3:0:4:0", "/ip6/1:0:2:0:3:0:4:0"), ("/ip6/0001::", "/ip6/1::"), ("/ip6/::", "/ip6/::"),
        ("/ip4/192.0.2.1/tcp/80/", "/ip4/192.0.2.1/tcp/80"), ("/unix/a/b.sock/", "/unix/a/b.sock"),
        ("/http-path/%61%2fb", "/http-path/a%2Fb"), ("/http-path/a+b", "/http-path/a%2Bb"),
        ("/ipfs/\(peer)", "/p2p/\(peer)"), ("/memory/two words", "/memory/two words"),
        (
            "/p2p/bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe",
            "/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"
        ),
        // The same hash in base58btc and in base32.
        ("/certhash/zgc9C6mmrk", "/certhash/uEgUBAgMEBQ"), ("/certhash/bcicqcaqdaqcq", "/certhash/uEgUBAgMEBQ"),
    ]

    @Test("All forms of a value are read, and one is written", arguments: forms)
    func canonical(text: String, written: String) throws {
        let address = try Multiaddress(text)
        #expect(address.description == written)
        #expect(try Multiaddress(written) == address)
        #expect(try Multiaddress(bytes: address.bytes) == address)
    }

    @Test("A path goes on to the end of the text and keeps its slash in the bytes")
    func path() throws {
        let address = try Multiaddress("/unix/run/node.sock")
        #expect(address.bytes == [UInt8](hex: "9003") + [14] + Array("/run/node.sock".utf8))
        #expect(address.value(of: .unix) == "/run/node.sock")
    }

    private static let rejectedTexts: [(String, LibP2PError.Code)] = [
        ("", .malformed), ("ip4/192.0.2.1", .malformed), ("/", .truncated), ("//", .truncated),
        ("/ip4", .truncated), ("/ip4/", .truncated), ("/udp", .truncated), ("/unix", .truncated),
        ("/IP4/192.0.2.1", .unsupported), ("/onion3/abc", .unsupported), ("//ip4/192.0.2.1", .unsupported),
        ("/ip4/192.0.2.1//udp/1", .unsupported),
        ("/ip4/192.0.2", .malformed), ("/ip4/192.0.2.1.1", .malformed), ("/ip4/192.0.2.256", .malformed),
        ("/ip4/192.0.02.1", .malformed), ("/ip4/+1.0.2.1", .malformed), ("/ip4/1..2.3", .malformed),
        ("/ip4/::1", .malformed), ("/ip4/example.com", .malformed),
        ("/ip6/192.0.2.1", .malformed), ("/ip6/1:2:3:4:5:6:7", .malformed), ("/ip6/1:2:3:4:5:6:7:8:9", .malformed),
        ("/ip6/1:2:3:4::5:6:7:8", .malformed), ("/ip6/1::2::3", .malformed), ("/ip6/:1::", .malformed),
        ("/ip6/1:2:3:4:5:6:7:", .malformed), ("/ip6/:::", .malformed), ("/ip6/12345::", .malformed),
        ("/ip6/fe80::1%eth0", .malformed), ("/ip6/::+1", .malformed), ("/ip6/1.2.3.4::", .malformed),
        ("/ip6/::1.2.3", .malformed), ("/ip6/::g", .malformed),
        ("/udp/65536", .malformed), ("/udp/-1", .malformed), ("/udp/+1", .malformed), ("/udp/01", .malformed),
        ("/udp/ 1", .malformed), ("/udp/99999999999999999999", .malformed), ("/udp/x", .malformed),
        ("/ip4/192.0.2.1/ipcidr/129", .malformed),
        ("/dns/a\u{1B}[2J", .invalidCharacter), ("/memory/\u{7F}", .invalidCharacter),
        ("/http-path/%2", .malformed), ("/http-path/%zz", .malformed), ("/http-path/%FF", .malformed),
        ("/certhash/mEg", .unsupported), ("/certhash/u", .truncated), ("/certhash/uEgUB", .malformed),
        ("/certhash/uEgUBAgMEBR", .notMinimal), ("/certhash/uEgUBAgMEBQ==", .invalidCharacter),
        ("/p2p/12D3KooW0", .invalidCharacter), ("/p2p/x", .unsupported), ("/quic-v1/x", .unsupported),
        ("/memory/" + String(repeating: "a", count: 1_021), .tooLong),
        ("/memory/" + String(repeating: "a", count: 5_000), .tooLong),
        (String(repeating: "/tls", count: 65), .tooLong),
    ]

    @Test("Text that is no address is refused, with the kind of fault", arguments: rejectedTexts)
    func refusedText(text: String, code: LibP2PError.Code) {
        let error = #expect(throws: LibP2PError.self) { try Multiaddress(text) }
        #expect(error?.code == code)
    }

    private static let rejectedBytes: [(String, LibP2PError.Code)] = [
        ("", .truncated), ("04c00002", .truncated), ("04", .truncated), ("910200", .truncated), ("80", .truncated),
        ("3505616161", .truncated), ("35ffffffffffffffff7f", .truncated), ("35ffffffffffffffffff01", .tooLong),
        ("8400c0000201", .notMinimal), ("35810061", .notMinimal), ("ffff7f", .unsupported), ("bc03", .unsupported),
        ("3500", .malformed), ("3502ff61", .malformed), ("3503612f62", .invalidCharacter),
        ("350161" + "350100", .invalidCharacter), ("35021b41", .invalidCharacter), ("c2803501", .unsupported),
        ("2b81", .malformed), ("a50300", .truncated), ("a50303122001", .truncated), ("a503021100", .unsupported),
        ("d203021201", .malformed), ("d203021200", .malformed),
        // Paths without a slash in front, with one at the end, of a slash alone; and one that is not the last part.
        ("90030161", .malformed), ("9003032f612f", .malformed), ("9003012f", .malformed),
        ("9003022f61c003", .malformed),
    ]

    @Test("Bytes that are no address are refused, with the kind of fault", arguments: rejectedBytes)
    func refusedBytes(hex: String, code: LibP2PError.Code) {
        let error = #expect(throws: LibP2PError.self) { try Multiaddress(bytes: [UInt8](hex: hex)) }
        #expect(error?.code == code)
    }

    @Test("1,024 bytes and 64 parts are read, and not one more")
    func limits() throws {
        let name = [UInt8](repeating: UInt8(ascii: "a"), count: 1_021)
        // The number, a length of two bytes and the name.
        let longest: [UInt8] = [0x35, 0xFD, 0x07] + name
        #expect(throws: LibP2PError.self) { try Multiaddress(bytes: longest + [0xC0, 0x03]) }.map {
            #expect($0.code == .tooLong)
        }
        #expect(try Multiaddress(bytes: longest).bytes.count == 1_024)
        let tls = [UInt8](hex: String(repeating: "c003", count: 64))
        #expect(try Multiaddress(bytes: tls).components.count == 64)
        #expect(try Multiaddress(String(repeating: "/tls", count: 64)).bytes == tls)
        let error = #expect(throws: LibP2PError.self) { try Multiaddress(bytes: tls + [0xC0, 0x03]) }
        #expect(error?.code == .tooLong)
    }

    @Test("An error shows what was typed, without control characters and not all of it")
    func errors() throws {
        let control = #expect(throws: LibP2PError.self) { try Multiaddress("/a\u{1B}[2Jb") }
        #expect(control?.description == "\"a\u{FFFD}[2Jb\" is not a protocol of multiaddresses")
        let long = #expect(throws: LibP2PError.self) { try Multiaddress("/" + String(repeating: "a", count: 100)) }
        #expect(long.map { $0.description.count < 100 } == true)
    }

    @Test("A part is found by its protocol, the first one where there are several")
    func values() throws {
        let address = try Multiaddress("/ip4/192.0.2.1/udp/4001/quic-v1/p2p/\(Self.peer)/p2p-circuit")
        #expect(address.value(of: .ip4) == "192.0.2.1")
        #expect(address.value(of: .udp) == "4001")
        #expect(address.value(of: .p2p) == Self.peer)
        #expect(address.value(of: .quicV1)?.isEmpty == true)
        #expect(address.value(of: .tcp) == nil)
        #expect(address.contains(.p2pCircuit) && !address.contains(.dns))
        #expect(address.components.map(\.kind) == [.ip4, .udp, .quicV1, .p2p, .p2pCircuit])
        let zones = try Multiaddress("/ip4/192.0.2.1/ip4/192.0.2.2")
        #expect(zones.value(of: .ip4) == "192.0.2.1")
    }

    @Test("The table of protocols has every name and number once, and ipfs is an old name of p2p")
    func table() {
        let all = MultiaddressProtocol.all
        #expect(Set(all.map(\.name)).count == all.count && Set(all.map(\.code)).count == all.count)
        for kind in all {
            #expect(MultiaddressProtocol(named: kind.name) == kind && MultiaddressProtocol(code: kind.code) == kind)
        }
        #expect(MultiaddressProtocol(named: "ipfs") == .p2p)
        #expect(MultiaddressProtocol(named: "") == nil && MultiaddressProtocol(code: 0) == nil)
        #expect(MultiaddressProtocol.ip6.size == .bits(128) && MultiaddressProtocol.dns.size == .variable)
    }

    @Test(
        "Whatever random bytes are accepted are the bytes that would be written, and so is their text",
        arguments: 1...4 as ClosedRange<UInt64>)
    func onlyOneForm(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var accepted = 0
        for _ in 0..<3_000 {
            let bytes = Self.mutated(try Self.anyAddress(using: &random).bytes, using: &random)
            guard let address = try? Multiaddress(bytes: bytes) else { continue }
            accepted += 1
            #expect(address.bytes == bytes, "seed \(seed)")
            #expect(try Multiaddress(address.description) == address, "seed \(seed)")
        }
        #expect(accepted > 300, "seed \(seed)")
    }

    private static func anyAddress(using random: inout SplitMix64) throws -> Multiaddress {
        let known = MultiaddressVectors.known[Int.random(in: 0..<MultiaddressVectors.known.count, using: &random)]
        return try Multiaddress(known.text)
    }

    /// Changes, drops or adds a few bytes, mostly none.
    private static func mutated(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch random.next() % 3 {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes.removeLast(bytes.count - index)
            default: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
            }
        }
        return bytes
    }
}

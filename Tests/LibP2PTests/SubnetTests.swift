import LibP2P
import QUIC
import Testing

@Suite struct SubnetTests {
    private static func address(_ text: String) throws -> NetworkAddress {
        try #require(NetworkAddress(text, port: 4_001))
    }

    private static let members: [(String, inside: [String], outside: [String])] = [
        (
            "192.0.2.0/24", ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"],
            ["192.0.3.0", "192.0.1.255", "::192.0.2.7"]
        ),
        ("10.0.0.0/8", ["10.255.255.255"], ["11.0.0.0", "9.255.255.255"]),
        ("0.0.0.0/0", ["255.255.255.255", "::ffff:1.2.3.4"], ["::1"]),
        ("192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "192.0.2.8"]),
        ("2001:db8::/32", ["2001:db8:ffff::1"], ["2001:db9::1", "32.1.13.184"]),
        ("2001:db8:0:ff00::/56", ["2001:db8:0:ffff::1"], ["2001:db8:0:fe00::1"]),
        ("2001:db8::8000:0:0:0/65", ["2001:db8::ffff:0:0:1"], ["2001:db8::7fff:0:0:1"]),
        ("2001:db8::1", ["2001:db8::1"], ["2001:db8::", "2001:db8::2"]),
        ("::/0", ["::", "2001:db8::1"], ["1.2.3.4", "::ffff:1.2.3.4"]),
    ]

    @Test("A network has the addresses that begin with its bits, and no others", arguments: members)
    func contains(text: String, inside: [String], outside: [String]) throws {
        let subnet = try Subnet(text)
        for text in inside { #expect(subnet.contains(try Self.address(text)), "\(subnet) has \(text)") }
        for text in outside { #expect(!subnet.contains(try Self.address(text)), "\(subnet) has not \(text)") }
        #expect(try Subnet(subnet.description) == subnet)
    }

    @Test("The network around an address is that of all its neighbours")
    func around() throws {
        #expect(Subnet(of: try Self.address("192.0.2.77"), length: 24).description == "192.0.2.0/24")
        #expect(Subnet(of: try Self.address("2001:db8:1:2ff::9"), length: 56).description == "2001:db8:1:200::/56")
        #expect(Subnet(of: try Self.address("::ffff:192.0.2.77"), length: 56).description == "192.0.2.77/32")
        #expect(Subnet(of: try Self.address("192.0.2.77"), length: -1).description == "0.0.0.0/0")
    }

    @Test(
        "What is no network is refused",
        arguments: [
            "", "/", "192.0.2.0/", "/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.1/24", "2001:db8::/129", "::1/64",
            "example.org", "192.0.2.0/24/8", "192.0.2.0/x",
        ])
    func refused(text: String) {
        let error = #expect(throws: LibP2PError.self) { try Subnet(text) }
        #expect(error?.code == .malformed)
    }
}

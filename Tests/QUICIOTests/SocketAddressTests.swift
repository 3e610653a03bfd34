internal import QUICIO
internal import Testing

@Suite struct SocketAddressTests {
    @Test(
        "An address literal is read and printed as people write it",
        arguments: [
            ("192.0.2.1", "192.0.2.1:443"), ("::", "[::]:443"), ("2001:db8:0:0:1::1", "[2001:db8::1:0:0:1]:443"),
            ("::ffff:10.1.2.3", "10.1.2.3:443"), ("fe80::1%7", "[fe80::1%7]:443"), ("fe80::1%lo", "[fe80::1%1]:443"),
        ])
    func literals(text: String, printed: String) throws {
        #expect(try #require(SocketAddress(parsing: text, port: 443)).description == printed)
    }

    @Test(
        "What is no literal is refused",
        arguments: [
            "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "[::1]", ":::", "1.2.3.4%lo", "fe80::1%", "%lo",
            "fe80::1%no-such-interface", "127.0.0.1\0.example", "127.0.0.1 ",
        ])
    func noLiterals(text: String) { #expect(SocketAddress(parsing: text, port: 1) == nil) }

    @Test("Wildcards and loopback addresses are told from others")
    func kinds() throws {
        func parse(_ text: String) throws -> SocketAddress { try #require(SocketAddress(parsing: text, port: 0)) }
        #expect(try parse("0.0.0.0").isWildcard)
        #expect(try parse("::").isWildcard)
        #expect(try !parse("::1").isWildcard)
        #expect(try parse("127.9.9.9").isLoopback)
        #expect(try parse("::1").isLoopback)
        #expect(try !parse("128.0.0.1").isLoopback)
        #expect(try !parse("2001:db8::1").isLoopback)
    }
}

import Testing

@testable import tern_libp2p_test

@Suite("The program of libp2p's test plan")
struct ConformanceTests {
    private func settings(_ values: [String: String]) throws -> Settings { try Settings { values[$0] } }

    @Test("takes its settings from the environment")
    func settings() throws {
        let settings = try self.settings([
            "IS_DIALER": "true", "REDIS_ADDR": "transport-redis:6380", "TEST_KEY": "a5b50d5e", "TRANSPORT": "quic-v1",
            "LISTENER_IP": "192.0.2.1", "DEBUG": "true", "TEST_TIMEOUT_SECS": "20",
        ])
        #expect(settings.isDialer)
        #expect(settings.redis == ("transport-redis", 6_380))
        #expect(settings.key == "a5b50d5e_listener_multiaddr")
        #expect(settings.listenerIP == "192.0.2.1")
        #expect(settings.isVerbose)
        #expect(settings.timeout == .seconds(20))
    }

    @Test("has the plan's defaults")
    func defaults() throws {
        let settings = try self.settings(["IS_DIALER": "false"])
        #expect(!settings.isDialer)
        #expect(settings.redis == ("redis", 6_379))
        #expect(settings.key == "listenerAddr")
        #expect(settings.listenerIP == "0.0.0.0")
        #expect(!settings.isVerbose)
        #expect(settings.timeout == .seconds(180))
    }

    @Test(
        "finds the port of Redis behind names and addresses",
        arguments: [("a", "a", 6_379), ("::1", "::1", 6_379), ("[::1]", "::1", 6_379), ("[::1]:7", "::1", 7)])
    func redisAddress(_ text: String, _ host: String, _ port: UInt16) throws {
        #expect(try self.settings(["IS_DIALER": "true", "REDIS_ADDR": text]).redis == (host, port))
    }

    @Test(
        "refuses what makes no sense",
        arguments: [
            ["IS_DIALER": "yes"], [:], ["IS_DIALER": "true", "TRANSPORT": "tcp"], ["IS_DIALER": "true", "DEBUG": "1"],
            ["IS_DIALER": "true", "TEST_TIMEOUT_SECS": "0"], ["IS_DIALER": "true", "REDIS_ADDR": "a:99999"],
        ])
    func nonsense(_ values: [String: String]) {
        #expect(throws: SettingsError.self) { try self.settings(values) }
    }

    @Test(
        "understands what Redis answers",
        arguments: [
            ("+OK\r\n", RedisReply.text("OK")), ("-WRONGTYPE no list\r\n", .failure("WRONGTYPE no list")),
            (":3\r\n", .number(3)), ("$-1\r\n", .none), ("$0\r\n\r\n", .text("")),
            ("$4\r\na\r\nb\r\n", .text("a\r\nb")),
        ])
    func replies(_ text: String, _ reply: RedisReply) throws {
        let bytes = Array(text.utf8)
        #expect(try RedisReply.decode(bytes) == reply)
        // However it is cut, it is complete only at its end.
        for count in bytes.indices { #expect(try RedisReply.decode(Array(bytes[..<count])) == nil) }
    }

    @Test(
        "refuses what Redis never answers",
        arguments: [
            "*1\r\n+a\r\n", "\r\n", "x\r\n", ":\r\n", ":a\r\n", "$-2\r\n", "$65537\r\n", "$99999999999999999999\r\n",
            "+" + String(repeating: "a", count: RedisReply.maximumByteCount),
        ])
    func wrongReplies(_ text: String) {
        #expect(throws: RedisError.self) { try RedisReply.decode(Array(text.utf8)) }
    }

    @Test("reports in the plan's words")
    func report() {
        let report = ConformanceTest.report(
            handshakePlusOneRoundTrip: .microseconds(5_011), roundTrip: .microseconds(599))
        #expect(report == "latency:\n  handshake_plus_one_rtt: 5.011\n  ping_rtt: 0.599\n  unit: ms\n")
        #expect(ConformanceTest.milliseconds(.seconds(12) + .microseconds(3)) == "12000.003")
    }
}

import Testing

@testable import QUICEngine

@Suite("Values and their descriptions")
struct ValueDescriptionTests {
    @Test(
        "an IPv6 address is written as RFC 5952 says",
        arguments: [
            (0x2001_0db8_0000_0000, 1, "[2001:db8::1]:443"),
            (0, 0, "[::]:443"),
            (0, 1, "[::1]:443"),
            (0x0001_0000_0000_0000, 0, "[1::]:443"),
            (0x2001_0db8_0000_0001, 0x0001_0001_0001_0001, "[2001:db8:0:1:1:1:1:1]:443"),
            (0x2001_0000_0000_0001, 0x0000_0000_0000_0001, "[2001:0:0:1::1]:443"),
            (0x2001_0000_0000_0001, 0x0001_0000_0000_0001, "[2001::1:1:0:0:1]:443"),
            (0x0001_0002_0003_0004, 0x0005_0006_0007_0008, "[1:2:3:4:5:6:7:8]:443"),
            (0, 0xffff_ffff_ffff_ffff, "[::ffff:ffff:ffff:ffff]:443"),
        ] as [(UInt64, UInt64, String)])
    func ipv6(high: UInt64, low: UInt64, text: String) {
        #expect(NetworkAddress(ipv6: high, low, port: 443).description == text)
    }

    @Test("addresses print with port and scope, paths with both ends")
    func addresses() {
        let one = NetworkAddress(ipv4: (192, 0, 2, 255), port: 443)
        let other = NetworkAddress(ipv6: 0xfe80_0000_0000_0000, 1, port: 9, scopeID: 3)
        #expect(one.description == "192.0.2.255:443")
        #expect(other.description == "[fe80::1%3]:9")
        #expect(NetworkPath(local: one, remote: other).description == "192.0.2.255:443 → [fe80::1%3]:9")
        #expect(NetworkPath(local: one, remote: other).reversed == NetworkPath(local: other, remote: one))
        #expect(one.bytes == [192, 0, 2, 255])
        #expect(other.bytes == [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1])
        #expect(other.withPort(10).port == 10)
        #expect(other.withPort(10).scopeID == 3)
        #expect(NetworkAddress(one.cValue) == one)
        #expect(NetworkAddress(other.cValue) == other)
    }

    @Test("IPv4 and IPv6 addresses of the same bits differ, and so do ports and scopes")
    func addressEquality() {
        let addresses: Set = [
            NetworkAddress(ipv4: (1, 2, 3, 4), port: 5), NetworkAddress(ipv6: 0x0102_0304_0000_0000, 0, port: 5),
            NetworkAddress(ipv4: (1, 2, 3, 4), port: 6),
            NetworkAddress(ipv6: 0x0102_0304_0000_0000, 0, port: 5, scopeID: 1),
        ]
        #expect(addresses.count == 4)
    }

    @Test("time saturates at both ends")
    func instants() {
        let start = EngineInstant(nanoseconds: 100)
        #expect(start.advanced(by: .nanoseconds(5)).nanoseconds == 105)
        #expect(start.advanced(by: .seconds(-5)) == start)
        #expect(start.advanced(by: .seconds(Int64.max)).nanoseconds == .max)
        #expect(EngineInstant(nanoseconds: .max).advanced(by: .nanoseconds(1)).nanoseconds == .max)
        #expect(start.duration(since: EngineInstant(nanoseconds: 200)) == .zero)
        #expect(EngineInstant(nanoseconds: 300).duration(since: start) == .nanoseconds(200))
        #expect(
            EngineInstant(nanoseconds: .max).duration(since: EngineInstant(nanoseconds: 0)) == .nanoseconds(Int64.max))
        #expect(start < EngineInstant(nanoseconds: 101))
        #expect(Duration.nanoseconds(-1).clampedNanoseconds == 0)
        #expect(Duration.seconds(18_446_744_073).clampedNanoseconds == 18_446_744_073_000_000_000)
        #expect((Duration.seconds(18_446_744_073) + .milliseconds(999)).clampedNanoseconds == .max)
        #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
    }

    @Test("versions and alerts print their names, or their numbers")
    func versionsAndAlerts() {
        #expect(QUICVersion.version1.description == "1")
        #expect(QUICVersion.version2.description == "2")
        #expect(QUICVersion(0xff00_001d).description == "0xff00001d")
        let named: [(TLSAlert, String)] = [
            (.handshakeFailure, "handshake_failure (40)"), (.badCertificate, "bad_certificate (42)"),
            (.unsupportedCertificate, "unsupported_certificate (43)"),
            (.certificateRevoked, "certificate_revoked (44)"),
            (.certificateExpired, "certificate_expired (45)"), (.certificateUnknown, "certificate_unknown (46)"),
            (.unknownCA, "unknown_ca (48)"), (.accessDenied, "access_denied (49)"),
            (.unrecognizedName, "unrecognized_name (112)"), (.certificateRequired, "certificate_required (116)"),
            (.noApplicationProtocol, "no_application_protocol (120)"), (TLSAlert(200), "alert (200)"),
        ]
        for (alert, text) in named { #expect(alert.description == text) }
    }

    @Test(
        "a close reason is a sentence",
        arguments: [
            (
                ConnectionCloseReason(.local, .application(7), reason: "bye"),
                "closed by us with application code 7: bye"
            ),
            (ConnectionCloseReason(.local, nil, reason: "abandoned"), "closed by us with no code: abandoned"),
            (ConnectionCloseReason(.peer, .transport(0), reason: ""), "closed by the peer with no error"),
            (
                ConnectionCloseReason(.peer, .transport(0x0a), reason: "x"),
                "closed by the peer with protocol violation: x"
            ),
            (
                ConnectionCloseReason(.peer, .transport(0x11), reason: ""),
                "closed by the peer with version negotiation error"
            ),
            (ConnectionCloseReason(.peer, .transport(0x12), reason: ""), "closed by the peer with transport code 18"),
            (
                ConnectionCloseReason(.peer, .transport(0x178), reason: ""),
                "closed by the peer with TLS alert no_application_protocol (120)"
            ),
            (ConnectionCloseReason(.peer, .transport(0x200), reason: ""), "closed by the peer with transport code 512"),
            (ConnectionCloseReason(.idleTimeout, reason: ""), "nothing was heard from the peer for the idle timeout"),
            (
                ConnectionCloseReason(.handshakeTimeout, reason: ""),
                "nobody answered: the handshake did not complete in time"
            ),
            (
                ConnectionCloseReason(.statelessReset, reason: ""),
                "the peer has lost the connection's state, perhaps it was restarted"
            ),
            (
                ConnectionCloseReason(.versionNegotiation, reason: "it offers 2"),
                "the server speaks none of our QUIC versions: it offers 2"
            ),
        ])
    func closeReasons(reason: ConnectionCloseReason, text: String) {
        #expect(reason.description == text)
    }

    @Test("only the codes 0x100 to 0x1ff of the transport are TLS alerts")
    func alertsOfReasons() {
        func alert(_ code: ConnectionCloseReason.Code?) -> TLSAlert? {
            ConnectionCloseReason(.peer, code, reason: "").tlsAlert
        }
        #expect(alert(.transport(0x100)) == TLSAlert(0))
        #expect(alert(.transport(0x1ff)) == TLSAlert(255))
        #expect(alert(.transport(0xff)) == nil)
        #expect(alert(.transport(0x200)) == nil)
        #expect(alert(.application(0x130)) == nil)
        #expect(alert(nil) == nil)
    }

    @Test("errors are equal by code and print code and message")
    func errors() {
        let error = EngineError(.queueFull, "7 datagrams wait")
        #expect(error == EngineError(.queueFull, "other words"))
        #expect(error != EngineError(.streamStopped, "7 datagrams wait"))
        #expect("\(error)" == "queueFull: 7 datagrams wait")
    }

    @Test("the library tells what it is, and an older one than the build's is refused with what to install")
    func library() throws {
        #expect(EngineLibrary.ngtcp2Version.split(separator: ".").count == 3)
        #expect(EngineLibrary.gnutlsVersion.hasPrefix("3."))
        #expect(EngineLibrary.versions.contains(.version1))
        #expect(EngineLibrary.versions.contains(.version2) == !EngineLibrary.ngtcp2Version.hasPrefix("0."))
        try EngineLibrary.checkVersion()
        let error = #expect(throws: EngineError.self) { try EngineLibrary.check(running: 0x00_0b_02) }
        let message = try #require(error?.message)
        #expect(error?.code == .unsupportedByLibrary)
        #expect(message.contains("0.11.2"))
        #expect(message.contains("install libngtcp2"))
    }

    @Test("a preferred address keeps only addresses of the right family")
    func preferredAddress() {
        let one = NetworkAddress(ipv4: (1, 2, 3, 4), port: 5)
        let other = NetworkAddress(ipv6: 1, 2, port: 5)
        #expect(PreferredAddress(ipv4: one, ipv6: other).ipv4 == one)
        #expect(PreferredAddress(ipv4: one, ipv6: other).ipv6 == other)
        #expect(PreferredAddress(ipv4: other, ipv6: one) == PreferredAddress())
    }
}

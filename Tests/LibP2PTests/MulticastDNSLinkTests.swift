internal import QUICIO
internal import Synchronization
internal import Testing

@testable internal import LibP2P

/// What was found last.
private final class Found: Sendable {
    private let state = Mutex<[Multiaddress]>([])

    var addresses: [Multiaddress] {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }
}

/// One of two hosts on a link: scripts/lib/p2p/mdns runs it in two network namespaces, says who is who, and closes the
/// input when both have found each other or the time is over.
@Suite(.timeLimit(.minutes(2)), .enabled(if: ProcessEnvironment.value("TERN_MDNS_HOST") != nil))
struct MulticastDNSLinkTests {
    private static func peer(_ name: String) throws -> PeerID {
        try PeerID(
            publicKey: PublicKeyMessage(
                type: .ed25519, key: Array((name + String(repeating: ".", count: 32)).utf8.prefix(32))))
    }

    @Test("Two hosts on a link find each other's addresses of both families")
    func meeting() async throws {
        let host = try #require(ProcessEnvironment.value("TERN_MDNS_HOST"))
        let other = try Self.peer(try #require(ProcessEnvironment.value("TERN_MDNS_OTHER")))
        let listening = try ["/ip4/0.0.0.0/udp/4001/quic-v1", "/ip6/::/udp/4001/quic-v1"].map { try Multiaddress($0) }
        var configuration = MulticastDNS.Configuration()
        configuration.warn = { Issue.record("\($0)") }
        let discovery = MulticastDNS(
            peer: try Self.peer(host),
            addresses: { listening.flatMap { $0.expanded(over: InterfaceAddress.all()) } },
            configuration: configuration)
        let found = Found()
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await discovery.run { peer, addresses in
                    #expect(peer == other)
                    found.addresses = addresses
                    let families = Set(addresses.compactMap { $0.components.first?.kind })
                    if families == [.ip4, .ip6zone] { Terminal.write("\nFOUND \(addresses)\n") }
                }
            }
            for try await _ in StandardInput.shared {}
            group.cancelAll()
            try await group.waitForAll()
        }
        let addresses = found.addresses
        #expect(addresses.contains { $0.value(of: .ip4)?.hasPrefix("10.") == true })
        // The zone is the name of the interface here, whatever the other host calls his.
        #expect(addresses.contains { $0.value(of: .ip6zone) == "link-\(host)" })
        for address in addresses { #expect(throws: Never.self) { try address.networkAddress() } }
    }
}

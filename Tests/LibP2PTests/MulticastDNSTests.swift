internal import QUIC
internal import QUICIO
internal import Synchronization
internal import Testing

@testable internal import LibP2P

/// Discovery over real sockets, on the loopback interface of this host.
@Suite(.timeLimit(.minutes(5))) struct MulticastDNSTests {
    private static func peer(_ number: UInt8) throws -> PeerID {
        try PeerID(publicKey: PublicKeyMessage(type: .ed25519, key: [UInt8](repeating: number, count: 32)))
    }

    /// On a port of its own, so that the discovery of other programs on this host does not take part.
    private static func configuration() throws -> MulticastDNS.Configuration {
        var configuration = MulticastDNS.Configuration()
        configuration.usesLoopback = true
        configuration.announcedReaches = [.loopback]
        let probe = try UDPSocket(bindingTo: SocketAddress(ipv4: (127, 0, 0, 1), port: 0))
        configuration.port = probe.localAddress.port
        probe.close()
        return configuration
    }

    @Test("Three hosts find one another, and go when their tasks are cancelled")
    func meeting() async throws {
        let configuration = try Self.configuration()
        let (sightings, continuation) = AsyncStream.makeStream(of: (PeerID, PeerID, [Multiaddress]).self)
        let peers = try [1, 2, 3].map { try Self.peer($0) }
        try await withThrowingTaskGroup { group in
            for (index, peer) in peers.enumerated() {
                let address = try Multiaddress("/ip4/127.0.0.1/udp/\(4001 + index)/quic-v1")
                let discovery = MulticastDNS(peer: peer, addresses: { [address] }, configuration: configuration)
                group.addTask {
                    try await discovery.run { other, addresses in continuation.yield((peer, other, addresses)) }
                }
            }
            var found: Set<[PeerID]> = []
            for await (finder, other, addresses) in sightings {
                let port = 4001 + (peers.firstIndex(of: other) ?? -1)
                #expect(finder != other)
                #expect(addresses.map(\.description) == ["/ip4/127.0.0.1/udp/\(port)/quic-v1"])
                found.insert([finder, other])
                if found.count == 6 { break }
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("An interface without multicast is told of once, and the discovery goes on")
    func warnings() async throws {
        var configuration = try Self.configuration()
        let (warnings, continuation) = AsyncStream.makeStream(of: LibP2PError.self)
        configuration.warn = { continuation.yield($0) }
        let address = try Multiaddress("/ip4/127.0.0.1/udp/1/quic-v1")
        let core = MulticastDNSCore(peer: try Self.peer(1), configuration, random: SplitMix64(seed: 1))
        let port = MulticastDNSPort(core, configuration, EventLoop.shared(0), { [address] }, found: { _ in })
        let missing = InterfaceAddress(
            name: "gone0", index: 4_000_000, address: .init(ipv4: (10, 0, 0, 1), port: 0))
        port.use([missing])
        port.use([missing])
        port.use([])
        port.end()
        var told: [String] = []
        for await warning in warnings {
            #expect(warning.code == .systemFailed)
            told.append(warning.description)
            if told.count == 2 { break }
        }
        #expect(told.first?.contains("mDNS over IPv4 on 4000000 cannot be used") == true)
        #expect(told.last?.contains("no interface of this host has multicast") == true)
    }

    @Test("A task that is cancelled before it begins finds nobody and ends")
    func cancelled() async throws {
        let discovery = MulticastDNS(
            peer: try Self.peer(1), addresses: { [] }, configuration: try Self.configuration())
        let task = Task { try await discovery.run { _, _ in Issue.record("nobody is there") } }
        task.cancel()
        try await task.value
    }
}

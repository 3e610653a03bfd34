import Testing

@testable import LibP2P

/// Alice and Bob, who know only Rita.
@Suite("Hosts and relays", .timeLimit(.minutes(5)))
struct HostRelayTests {
    /// Runs the three, with Bob's address through Rita.
    private static func run(
        _ limits: RelayLimits = RelayLimits(), holePunching: Bool = true,
        _ body: @Sendable (_ alice: LibP2PHost, _ bob: LibP2PHost, _ throughRita: Multiaddress) async throws -> Void
    ) async throws {
        try await HostScene.run([HostScene.host { $0.relay = .server(limits) }]) { hosts in
            let relay = try #require(hosts[0].addresses.first)
            let bob = try HostScene.host {
                $0.relay = .client(at: [relay])
                $0.holePunching = holePunching
            }
            let alice = try HostScene.host(listening: false) {
                $0.relay = .client()
                $0.holePunching = holePunching
            }
            try await HostScene.runMore([alice, bob]) { hosts in
                let address = Multiaddress.relayed(through: relay, to: hosts[1].peerID)
                try await HostScene.until("Bob has a place") { hosts[1].addresses.contains(address) }
                try await body(hosts[0], hosts[1], address)
            }
        }
    }

    @Test("two hosts meet through a third, know each other, and talk both ways")
    func meet() async throws {
        try await Self.run { alice, bob, address in
            let connection = try await alice.connect(to: address)
            #expect(connection.isRelayed && connection.peer == bob.peerID && connection.quic == nil)
            #expect(connection.remoteAddress == address)
            try await HostScene.expectEcho(alice, bob.peerID)
            try await HostScene.expectEcho(bob, alice.peerID, "and back")
            #expect(bob.connections(to: alice.peerID).map(\.direction) == [.inbound])
            #expect(bob.connections(to: alice.peerID).map(\.isRelayed) == [true])
        }
    }

    @Test("where no hole can be punched the relayed connection stays")
    func keptWithoutHole() async throws {
        try await Self.run { alice, bob, address in
            let events = bob.events()
            let connection = try await alice.connect(to: address)
            for await event in events {
                guard case .holePunched(_, .failed(let error)) = event else { continue }
                // Nobody has an address here that others could reach.
                #expect(error.code == .noAddress)
                break
            }
            #expect(connection.isOpen)
            try await HostScene.expectEcho(alice, bob.peerID)
        }
    }

    @Test("once there is a direct connection, new streams use it, and the relayed one is closed")
    func replaced() async throws {
        try await Self.run(holePunching: false) { alice, bob, address in
            let relayed = try await alice.connect(to: address)
            try await HostScene.until("Bob has it too") { !bob.connections(to: alice.peerID).isEmpty }
            let other = try #require(bob.connections(to: alice.peerID).first)
            let direct = try #require(bob.listenAddresses.first)
            _ = try await alice.dialDirectly(bob.peerID, at: [direct])
            try await HostScene.expectEcho(alice, bob.peerID)
            // Both may close it. What yamux says to the other end has no code.
            let ends = [await relayed.closed(), await other.closed()]
            #expect(ends.contains { $0.applicationCode == ConnectionCode.supplanted.rawValue }, "\(ends)")
            try await HostScene.until("both have one connection") {
                [alice.connections(to: bob.peerID), bob.connections(to: alice.peerID)]
                    .allSatisfy { $0.map(\.isRelayed) == [false] }
            }
        }
    }

    @Test("what a relay does not carry any more ends the connection at both ends")
    func dataLimit() async throws {
        var limits = RelayLimits()
        limits.circuitData = 20_000
        try await Self.run(limits, holePunching: false) { alice, bob, address in
            let connection = try await alice.connect(to: address)
            let stream = try await connection.openStream(HostScene.echo)
            await #expect(throws: LibP2PError.self) {
                while true {
                    try await stream.write([UInt8](repeating: 7, count: 1_000))
                    _ = try await stream.readExactly(1_000)
                }
            }
            #expect(await connection.closed().code == .closed)
            try await HostScene.until("Bob knows") { bob.connections(to: alice.peerID).isEmpty }
        }
    }

    @Test("a host that uses no relays says so when it is to dial through one")
    func off() async throws {
        try await HostScene.run([HostScene.host(listening: false)]) { hosts in
            let (relay, peer) = (try PrivateKey.generate().peerID, try PrivateKey.generate().peerID)
            let address = try Multiaddress("/ip4/127.0.0.1/udp/9/quic-v1/p2p/\(relay)/p2p-circuit/p2p/\(peer)")
            let error = await #expect(throws: LibP2PError.self) { try await hosts[0].connect(to: address) }
            #expect(error?.description.contains("relay to .client()") == true, "\(String(describing: error))")
        }
    }

    @Test("an address of a relay without its id is refused at once")
    func relayWithoutName() throws {
        let address = try Multiaddress("/ip4/127.0.0.1/udp/9/quic-v1")
        let error = #expect(throws: LibP2PError.self) { try HostScene.host { $0.relay = .client(at: [address]) } }
        #expect(error?.code == .invalidConfiguration)
    }
}

import Synchronization
import Testing

@testable import LibP2P

@Suite("Hosts that identify each other", .timeLimit(.minutes(5)))
struct HostIdentifyTests {
    @Test("both ends learn what the other is, speaks, and sees")
    func identify() async throws {
        let server = try HostScene.host { $0.agentVersion = "server/1" }
        let client = try HostScene.host { $0.agentVersion = "client/2" }
        try await HostScene.run([server, client]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            let seenByClient = try await HostScene.identification(of: hosts[0].peerID, by: hosts[1])
            #expect(seenByClient.agentVersion == "server/1")
            #expect(seenByClient.protocols == hosts[0].protocols)
            #expect(seenByClient.addresses.map { $0.appending(hosts[0].peerID) } == hosts[0].addresses)
            #expect(seenByClient.observedAddress == hosts[1].addresses.first?.withoutPeer)
            let seenByServer = try await HostScene.identification(of: hosts[1].peerID, by: hosts[0])
            #expect(seenByServer.agentVersion == "client/2")
            #expect(hosts[1].observedAddresses == [hosts[1].addresses[0].withoutPeer])
            // One peer alone proves nothing.
            #expect(hosts[1].confirmedAddresses.isEmpty)
            #expect(hosts[1].reachability == .unknown)
            // What was told is remembered, so that the peer can be dialled by its id later.
            #expect(
                hosts[0].configuration.peerStore.addresses(of: hosts[1].peerID).contains(
                    hosts[1].addresses[0].withoutPeer))
        }
    }

    @Test("a protocol that is served from now on is told to peers that are connected")
    func push() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host(listening: false)]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            _ = try await HostScene.identification(of: hosts[0].peerID, by: hosts[1])
            let events = hosts[1].events()
            try hosts[0].handle("/news/1.0.0") { _ in }
            for await event in events {
                guard case .identified(hosts[0].peerID, _, let protocols, _) = event else { continue }
                if protocols.contains("/news/1.0.0") { break }
            }
            #expect(hosts[1].identification(of: hosts[0].peerID)?.protocols.contains("/news/1.0.0") == true)
        }
    }

    @Test("pings come back, one stream for all of them")
    func ping() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host(listening: false)]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            let session = try await hosts[1].ping(hosts[0].peerID)
            for _ in 0..<5 { #expect(try await session.ping() > .zero) }
            #expect(session.statistics.received == 5)
            await session.close()
        }
    }

    @Test("a host that does not identify is connected all the same, and nothing is known of it")
    func silent() async throws {
        try await HostScene.run([
            HostScene.host { $0.identifies = false }, HostScene.host(listening: false),
        ]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            try await HostScene.expectEcho(hosts[1], hosts[0].peerID)
            #expect(hosts[0].identification(of: hosts[1].peerID) == nil)
            #expect(hosts[1].identification(of: hosts[0].peerID)?.agentVersion == nil)
        }
    }
}

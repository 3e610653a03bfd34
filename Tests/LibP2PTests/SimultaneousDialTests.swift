import Synchronization
import Testing

@testable import LibP2P

@Suite("Hosts that dial each other", .timeLimit(.minutes(5)))
struct SimultaneousDialTests {
    @Test("two hosts that dial each other at the same moment, 200 times, keep one connection each time")
    func twoHundredRounds() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host()]) { hosts in
            let addresses = try hosts.map { try #require($0.addresses.first) }
            for round in 0..<200 {
                async let there = hosts[0].connect(to: addresses[1])
                async let back = hosts[1].connect(to: addresses[0])
                _ = try await (there, back)
                // Streams go both ways at once, whatever becomes of the connections meanwhile.
                async let hello = HostScene.expectEcho(hosts[0], hosts[1].peerID, "round \(round)")
                async let answer = HostScene.expectEcho(hosts[1], hosts[0].peerID, "answer \(round)")
                _ = try await (hello, answer)
                // Most rounds end before the choice is due: it must not trip over connections that end. Some wait for it.
                if round % 50 == 49 {
                    try await HostScene.until("one connection is left") {
                        hosts.allSatisfy { $0.connections.count == 1 }
                    }
                    let kept = hosts.compactMap { $0.connections.first }
                    #expect(kept[0].localAddress == kept[1].remoteAddress)
                    // It stays: nobody dials again, nobody closes.
                    try await HostScene.expectEcho(hosts[0], hosts[1].peerID, "still here")
                    #expect(hosts.compactMap { $0.connections.first } == kept)
                }
                hosts[0].disconnect(hosts[1].peerID)
                hosts[1].disconnect(hosts[0].peerID)
                try await HostScene.until("all connections are gone") { hosts.allSatisfy(\.connections.isEmpty) }
            }
        }
    }

    @Test("fifty hosts that all connect to each other know who everybody is, and churn leaves nothing behind")
    func mesh() async throws {
        let hosts = try (0..<50).map { _ in
            try HostScene.host { $0.limits.connectionsPerPeer = 8 }
        }
        try await HostScene.run(hosts) { hosts in
            try await withThrowingDiscardingTaskGroup { group in
                for (index, host) in hosts.enumerated() {
                    group.addTask {
                        for other in hosts[(index + 1)...] {
                            let connection = try await host.connect(to: try #require(other.addresses.first))
                            #expect(connection.peer == other.peerID)
                        }
                    }
                }
            }
            try await HostScene.until("everybody knows everybody") { hosts.allSatisfy { $0.peers.count == 49 } }
            let everybody = Set(hosts.map(\.peerID))
            for host in hosts { #expect(Set(host.peers) == everybody.subtracting([host.peerID])) }
            try await withThrowingDiscardingTaskGroup { group in
                for (index, host) in hosts.enumerated() {
                    let next = hosts[(index + 7) % hosts.count]
                    group.addTask { try await HostScene.expectEcho(host, next.peerID, "from \(index)") }
                }
            }
            // Churn: every third host leaves everybody, and is dialled again.
            for leaver in stride(from: 0, to: hosts.count, by: 3) {
                for other in hosts where other !== hosts[leaver] { hosts[leaver].disconnect(other.peerID) }
            }
            try await HostScene.until("the leavers are alone") {
                stride(from: 0, to: hosts.count, by: 3).allSatisfy { hosts[$0].connections.isEmpty }
            }
            for leaver in stride(from: 0, to: hosts.count, by: 3) {
                let dialler = hosts[(leaver + 1) % hosts.count]
                try await dialler.connect(to: try #require(hosts[leaver].addresses.first))
                try await HostScene.expectEcho(dialler, hosts[leaver].peerID)
            }
        }
    }
}

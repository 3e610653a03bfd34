import Foundation
import QUIC
import Synchronization
import Testing

@testable import LibP2P

@Suite("Hosts that stay connected", .timeLimit(.minutes(5)))
struct HostReconnectTests {
    @Test("a peer that is to stay connected is dialled again when it closes the connection")
    func again() async throws {
        try await HostScene.run([HostScene.host(), HostScene.host(listening: false)]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            try hosts[1].keepConnected(hosts[0].peerID)
            for _ in 0..<3 {
                let before = hosts[1].connections
                hosts[0].disconnect(hosts[1].peerID)
                try await HostScene.until("there is another connection") {
                    hosts[1].connections.count == 1 && hosts[1].connections != before
                }
                try await HostScene.expectEcho(hosts[1], hosts[0].peerID)
            }
            hosts[1].letGo(hosts[0].peerID)
        }
    }

    @Test(
        "a peer that starts anew on its port tells those who knew it that their connection is lost, and they come back")
    func restart() async throws {
        let key = try PrivateKey.generate()
        let client = try HostScene.host(listening: false)
        try await HostScene.run([client]) { hosts in
            var configuration = LibP2PConfiguration()
            configuration.listenAddresses = [try Multiaddress("/ip4/127.0.0.1/udp/0/quic-v1")]
            let first = try LibP2PHost(key: key, configuration)
            let address = try await first.run { host in
                let address = try #require(host.addresses.first)
                try await hosts[0].connect(to: address)
                try hosts[0].keepConnected(host.peerID)
                return address
            }
            // The same key on the same port: for the client it is the same peer.
            configuration.listenAddresses = [address.withoutPeer]
            let second = try LibP2PHost(key: key, configuration)
            try await second.run { host in
                try await HostScene.until("the client has come back") {
                    hosts[0].connections.contains(where: \.isOpen) && !host.connections.isEmpty
                }
            }
            hosts[0].letGo(second.peerID)
        }
    }

    @Test("a host keeps what it knows of peers in a file, and dials them by name after a restart")
    func memory() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tern-peers-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "peers").path
        try await HostScene.run([HostScene.host()]) { servers in
            let first = try HostScene.host(listening: false) { $0.peerStore = FilePeerStore(path: path) }
            try await first.run { host in
                try await host.connect(to: try #require(servers[0].addresses.first))
            }
            let second = try HostScene.host(listening: false) { $0.peerStore = FilePeerStore(path: path) }
            try await second.run { host in
                try await HostScene.expectEcho(host, servers[0].peerID)
            }
        }
    }
}

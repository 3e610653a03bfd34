internal import Foundation
internal import QUICEngine
internal import QUICIO
internal import Testing

@testable internal import LibP2P

/// That a host has one socket, whomever it dials, as the system and its peers see it. scripts/lib/p2p/onesocket runs it, in
/// a process of its own.
@Suite(
    "One socket", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: ProcessEnvironment.value("TERN_P2P_ONESOCKET") != nil, "run scripts/lib/p2p/onesocket"))
struct OneSocketTests {
    static let count = 50

    @Test("A host that dials 50 peers has the one socket that it listens on, and they all see its port")
    func oneSocket() async throws {
        try await HostScene.run([try HostScene.host()]) { hosts in
            let host = hosts[0]
            let program = try Interpreter(["listen", "--count", "\(Self.count)"], script: "pylibp2p_peer.py")
            let hosts: PyLibP2PTests.Hosts? = try await program.next()
            let addresses = try #require(hosts).hosts.map { try Multiaddress($0.address) }
            #expect(Set(addresses).count == Self.count)
            let port = try #require(try host.addresses.first?.networkAddress().port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for address in addresses { group.addTask { try await host.connect(to: address) } }
                try await group.waitForAll()
            }
            #expect(host.peers.count == Self.count)
            let sockets = try Self.sockets()
            #expect(sockets.count == 1, "\(sockets)")
            #expect(sockets.first?.contains("127.0.0.1:\(port) ") == true, "\(sockets)")
            for address in addresses { try await HostScene.expectEcho(host, try #require(address.peerID)) }
            let after = try Self.sockets()
            #expect(after == sockets)
            var seen: [String: UInt16] = [:]
            while seen.count < Self.count {
                let next: PyLibP2PTests.Occurrence? = try await program.next()
                let line = try #require(next)
                guard let peer = line.opened, line.by == "\(host.peerID)" else { continue }
                seen[peer] = line.port
            }
            #expect(Set(seen.values) == [port])
            program.end()
        }
    }

    /// The UDP sockets of this process, a line each.
    private static func sockets() throws -> [String] {
        let process = Process()
        let output = Foundation.Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["ss", "-Hunap"]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let own = "pid=\(ProcessInfo.processInfo.processIdentifier),"
        let lines = text.split(separator: "\n").filter { $0.contains(own) }.map(String.init)
        // What waits in their queues just now, the second and third column, is no property of sockets.
        let columns = lines.map { $0.split(separator: " ").map(String.init) }
        let ends = columns.map { Array($0.dropFirst(3).prefix(2)) }
        // Foundation's Process talks to itself over UDP: two sockets that are connected to each other are its.
        return zip(columns, ends).filter { !ends.contains($1.reversed()) }
            .map { columns, _ in (columns.prefix(1) + columns.dropFirst(3)).joined(separator: " ") }
    }
}

internal import Foundation
internal import QUICEngine
internal import QUICIO
internal import Synchronization
internal import Testing

@testable internal import LibP2P

/// What Tests/Interop/libp2p_hostile.py does to hosts, while an honest peer is served. scripts/lib/p2p/hostile runs it.
@Suite(
    "Hostile peers of libp2p", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: ProcessEnvironment.value("TERN_P2P_HOSTILE") != nil, "run scripts/lib/p2p/hostile"))
struct HostileLibP2PTests {
    /// How many connections, and how many negotiations.
    static let count = Int(ProcessEnvironment.value("TERN_P2P_HOSTILE") ?? "") ?? 2_000

    struct Counts: Codable { let counts: [String: Int] }

    @Test("who dials notices another peer than the expected one, and one without the key of its certificate")
    func wrongPeers() async throws {
        struct Listening: Codable {
            let ports: [UInt16]
            let peer: String
            let victim: String
        }
        try await HostScene.run([HostScene.host(listening: false)]) { hosts in
            let program = try Interpreter(["listen"], script: "libp2p_hostile.py")
            let listening: Listening? = try await program.next()
            let found = try #require(listening)
            let own = try Multiaddress("/ip4/127.0.0.1/udp/\(found.ports[0])/quic-v1")
            let stolen = try Multiaddress("/ip4/127.0.0.1/udp/\(found.ports[1])/quic-v1")
            let victim = try PeerID(found.victim)
            let host = hosts[0]
            var error = await #expect(throws: LibP2PError.self) { try await host.connect(to: own.appending(victim)) }
            #expect(error?.code == .wrongPeer)
            #expect(error?.description.contains(found.peer) == true, "\(String(describing: error))")
            error = await #expect(throws: LibP2PError.self) { try await host.connect(to: stolen.appending(victim)) }
            #expect(error?.code == .wrongPeer, "\(String(describing: error))")
            #expect(host.connections.isEmpty)
            try program.goOn()
            let counts: Counts? = try await program.next()
            // certificate_unknown, and decrypt_error for the proof that the key is there (RFC 8446 §6.2).
            #expect(counts?.counts == ["ended 0x12e": 1, "ended 0x133": 1])
            program.end()
        }
    }

    @Test("who dials with the certificate of somebody else does not get in")
    func replay() async throws {
        try await self.attack(["replay"], victims: 1) { counts, failures in
            #expect(counts == ["ended 0x133": 1])
            #expect(failures["unreachable"] == 1, "\(failures)")
        }
    }

    @Test("connections from one network are let in up to the limits of it and its addresses")
    func flood() async throws {
        try await self.attack(["flood"], more: ["\(Self.count)"], configure: { $0.limits.countsLoopback = true }) {
            counts, failures in
            let limits = ResourceLimits()
            let accepted = counts["accepted"] ?? 0
            #expect(accepted > 0 && accepted <= limits.connectionsPerIPv4Network)
            // CONNECTION_REFUSED (RFC 9000 §20.1).
            #expect(accepted + (counts["ended 0x2"] ?? 0) == Self.count, "\(counts)")
            #expect(failures["connectionsPerIPv4Network"] ?? 0 > 0, "\(failures)")
        }
    }

    /// Twenty peers, each with all the negotiations that it may have: ``ResourceLimits/inboundTransientStreams`` is more.
    @Test("negotiations that never end are given up, and leave room for others")
    func stall() async throws {
        let configure: (inout LibP2PConfiguration) -> Void = { $0.negotiationTimeout = .seconds(1) }
        // By what is under way at a time, in a debug build, and not by how many there are in all.
        let limit = 20 * ResourceLimits().transientStreamsPerPeer * 40 << 10
        try await self.attack(["stall"], more: ["\(Self.count)"], memoryLimit: limit, configure: configure) {
            counts, _ in
            #expect(counts.values.reduce(0, +) == Self.count)
            let codes = [StreamCode.protocolNegotiationFailed, .resourceLimitExceeded].map {
                "reset 0x" + String($0.rawValue, radix: 16)
            }
            #expect(Set(counts.keys).isSubset(of: codes), "\(counts)")
        }
    }

    @Test("lengths of a gibibyte, and lengths without an end, are refused as they come")
    func lengths() async throws {
        try await self.attack(["lengths"]) { counts, _ in
            #expect(counts["alive"] == 1)
            #expect(counts.count == 8)
            let violation = "reset 0x" + String(StreamCode.protocolViolation.rawValue, radix: 16)
            for (name, count) in counts where name != "alive" {
                #expect(name.hasSuffix(violation) && count == 1, "\(name)")
            }
        }
    }

    @Test("garbage ends streams, not connections")
    func garbage() async throws {
        try await self.attack(["garbage"]) { counts, _ in
            // Streams that end before there is anything to object to are finished here too.
            let violation = "reset 0x" + String(StreamCode.protocolViolation.rawValue, radix: 16)
            #expect(counts == ["alive": 1, "finished": 10, violation: 50])
        }
    }

    // MARK: The scene

    /// An attack on a host that has an honest peer, which is served all the time. `judge` gets what the attacker counted,
    /// and how often the host told of each reason for letting nobody in.
    private func attack(
        _ arguments: [String], more: [String] = [], victims: Int = 0, memoryLimit: Int = 64 << 20,
        configure: (inout LibP2PConfiguration) -> Void = { _ in },
        judge: @Sendable ([String: Int], [String: Int]) throws -> Void
    ) async throws {
        let host = try HostScene.host(configure)
        try host.handle("/message/1.0.0") { stream in
            while let message = try await stream.readMessage(limit: 1 << 20) { try await stream.writeMessage(message) }
        }
        let all = [host, try HostScene.host(listening: false)] + (try (0..<victims).map { _ in try HostScene.host() })
        try await HostScene.run(all) { hosts in
            let host = hosts[0]
            let honest = hosts[1]
            try await HostScene.connect(honest, to: host)
            _ = try await HostScene.identification(of: host.peerID, by: honest)
            _ = try await HostScene.identification(of: honest.peerID, by: host)
            try await HostScene.until("both know each other") { host.usage.streams.all == 0 }
            let before = host.usage
            let memory = try Self.residentBytes()
            let events = host.events()
            let failures = Mutex<[String: Int]>([:])
            let watching = Task {
                for await case .inboundFailed(_, let reason) in events {
                    failures.withLock { $0[reason.limit ?? reason.code.description, default: 0] += 1 }
                }
            }
            let served = Mutex(0)
            let serving = Task {
                while true {
                    try await HostScene.expectEcho(honest, host.peerID, "still served")
                    served.withLock { $0 += 1 }
                }
            }
            let ports = try hosts.dropFirst(2).reduce(into: [host]) { $0.append($1) }.map {
                "127.0.0.1:\(try #require($0.addresses.first).networkAddress().port)"
            }
            let program = try Interpreter(arguments + ports + more, script: "libp2p_hostile.py")
            let counts: Counts? = try await program.next()
            let peak = try Self.residentBytes()
            try judge(try #require(counts).counts, failures.withLock { $0 })
            serving.cancel()
            let end = await failure { try await serving.value }
            #expect(end == nil || end?.code == .cancelled, "\(String(describing: end))")
            #expect(served.withLock { $0 } > 0)
            try await HostScene.expectEcho(honest, host.peerID, "served after it")
            // A newcomer finds room.
            honest.disconnect(host.peerID)
            try await HostScene.until("it has left") { honest.connections.isEmpty }
            try program.goOn()
            let rest: Counts? = try await program.next()
            #expect(rest == nil || rest?.counts.isEmpty == true)
            program.end()
            try await HostScene.connect(honest, to: host)
            try await HostScene.expectEcho(honest, host.peerID, "served as a newcomer")
            try await HostScene.until("all is gone") { host.usage == before }
            watching.cancel()
            let found = "\(counts?.counts ?? [:]), \(served.withLock { $0 }) echoes meanwhile"
            print("\(arguments[0]): \(found), \((peak - memory) >> 20) MiB more at its end")
            #expect(peak - memory < memoryLimit)
        }
    }

    /// The memory that the process has in use (proc(5), statm).
    private static func residentBytes() throws -> Int {
        let text = try String(contentsOf: URL(filePath: "/proc/self/statm"), encoding: .utf8)
        let pages = text.split(separator: " ")
        return try #require(pages.count > 1 ? Int(pages[1]) : nil) * 4_096
    }
}

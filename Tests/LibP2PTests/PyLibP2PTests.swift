internal import Foundation
internal import QUIC
internal import QUICIO
internal import Testing

@testable internal import LibP2P

/// Hosts here and hosts of py-libp2p, each kind of key with each. scripts/lib/p2p/pylibp2p installs it and says where it is.
@Suite(
    "py-libp2p", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: ProcessEnvironment.value("TERN_P2P_PYLIBP2P") != nil, "run scripts/lib/p2p/pylibp2p"))
struct PyLibP2PTests {
    static let kinds = ["ed25519", "rsa", "secp256k1"]
    static let largeCount = 20_000_000
    static let streamCount = 100

    /// What a listener says first.
    struct Hosts: Codable {
        struct Host: Codable {
            let peer: String
            let address: String
        }
        let hosts: [Host]
    }

    /// What a listener says of its connections.
    struct Occurrence: Codable {
        let opened: String?
        let ended: UInt64?
        let reason: String?
        let by: String
        let port: UInt16?
    }

    /// What a dialler says first.
    struct Introduction: Codable { let me: String }

    /// What a dialler says of a case.
    struct Line: Codable {
        let `case`: String
        let address: String
        let ok: Bool
        let found: String
    }

    @Test("is dialled by hosts with every kind of key, and does for them what it offers", arguments: Self.kinds)
    func dial(kind: String) async throws {
        let program = try Interpreter(["listen", "--key", kind], script: "pylibp2p_peer.py")
        let hosts: Hosts? = try await program.next()
        let listener = try #require(hosts?.hosts.first)
        for own in Self.kinds {
            let host = try Self.host(own)
            try await HostScene.run([host]) { hosts in
                let visit = PyLibP2PVisit(host: hosts[0], address: try Multiaddress(listener.address))
                try await visit.all(peer: listener.peer, kind: kind)
            }
            try await Self.expectEnds(program, of: host.peerID)
        }
        program.end()
    }

    /// Two connections: the listener closed the first, we the second. It may hear of the second end first.
    private static func expectEnds(_ program: Interpreter, of peer: PeerID) async throws {
        var codes: Set<UInt64> = []
        var count = 0
        while count < 2 {
            let next: Occurrence? = try await program.next()
            let line = try #require(next)
            guard let code = line.ended else { continue }
            #expect(line.by == "\(peer)")
            codes.insert(code)
            count += 1
        }
        #expect(codes == [ConnectionCode.garbageCollected.rawValue, ConnectionCode.shutdown.rawValue])
    }

    @Test("dials hosts with every kind of key, and gets what they offer", arguments: Self.kinds)
    func serve(kind: String) async throws {
        try await HostScene.run(try Self.kinds.map { try Self.host($0, listening: true) }) { hosts in
            let events = hosts.map { $0.events() }
            let addresses = try hosts.map { try #require($0.addresses.first).description }
            let program = try Interpreter(["dial", "--key", kind] + addresses, script: "pylibp2p_peer.py")
            let introduction: Introduction? = try await program.next()
            let peer = try PeerID(try #require(introduction).me)
            var cases: [String: Set<String>] = [:]
            while let line: Line = try await program.next() {
                #expect(line.ok, "\(line.case): \(line.found)")
                cases[line.address, default: []].insert(line.case)
                let index = try #require(addresses.firstIndex(of: line.address))
                try Self.check(line, on: hosts[index])
            }
            #expect(cases.count == hosts.count)
            for names in cases.values { #expect(names.count == 13, "\(names)") }
            for subscription in events { try await Self.expectEnds(subscription, of: peer) }
        }
    }

    private static func check(_ line: Line, on host: LibP2PHost) throws {
        guard line.ok else { return }
        switch line.case {
        case "connect": #expect(line.found == "\"\(host.peerID)\"")
        case "echo": #expect(line.found == "5")
        case "ping": #expect(line.found == "3")
        case "large": #expect(line.found == "\(self.largeCount)")
        case "streams": #expect(line.found == "\(self.streamCount)")
        case "finish": #expect(line.found == "\"bye\"")
        case "reset": #expect(line.found == "\(StreamCode.protocolViolation.rawValue)")
        case "watch": #expect(line.found == "\(StreamCode.supplanted.rawValue)")
        case "hangup": #expect(line.found == "\(ConnectionCode.garbageCollected.rawValue)")
        case "identify": try self.checkIdentity(line, of: host)
        case "ls":
            let names = try JSONDecoder().decode([String].self, from: Data(line.found.utf8))
            #expect(Set(names) == Set(host.protocols.map(\.description)))
        default: break
        }
    }

    private static func checkIdentity(_ line: Line, of host: LibP2PHost) throws {
        struct Identity: Codable {
            let agent: String
            let version: String
            let protocols: [String]
            let addresses: [String]
            let record: Int
        }
        let identity = try JSONDecoder().decode(Identity.self, from: Data(line.found.utf8))
        #expect(identity.agent == host.configuration.agentVersion)
        #expect(identity.version == host.configuration.protocolVersion)
        #expect(Set(identity.protocols) == Set(host.protocols.map(\.description)))
        #expect(identity.addresses == host.addresses.map(\.withoutPeer.description))
        #expect(identity.record > 0)
    }

    /// Two connections: we closed the first, the dialler the second.
    private static func expectEnds(_ events: EventSubscription<LibP2PEvent>, of peer: PeerID) async throws {
        var codes: [UInt64?] = []
        for await event in events {
            guard case .disconnected(let connection, let reason, _) = event, connection.peer == peer else { continue }
            codes.append(reason.applicationCode)
            if codes.count == 2 { break }
        }
        #expect(codes == [ConnectionCode.garbageCollected.rawValue, ConnectionCode.shutdown.rawValue])
    }

    private static func host(_ kind: String, listening: Bool = false) throws -> LibP2PHost {
        var configuration = LibP2PConfiguration()
        if listening { configuration.listenAddresses = [try Multiaddress("/ip4/127.0.0.1/udp/0/quic-v1")] }
        let host = try LibP2PHost(key: try .generate(try self.type(kind)), configuration)
        try host.handle(HostScene.echo) { stream in
            while let bytes = try await stream.read() { try await stream.write(bytes) }
        }
        try InteropProtocols.serve(on: host)
        return host
    }

    static func type(_ kind: String) throws -> PublicKeyMessage.KeyType {
        let types: [String: PublicKeyMessage.KeyType] = ["ed25519": .ed25519, "rsa": .rsa, "secp256k1": .secp256k1]
        return try #require(types[kind])
    }
}

import Synchronization
import Testing

@testable import LibP2P

@Suite("Questions and answers", .timeLimit(.minutes(5)))
struct RequestTests {
    @Test("each question gets its own answer, many at once")
    func answers() async throws {
        let server = try HostScene.host()
        try server.answer("/reverse/1.0.0") { question, _ in question.reversed() }
        try await HostScene.run([server, HostScene.host(listening: false)]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<100 {
                    group.addTask {
                        let question = Array("question \(number)".utf8)
                        let answer = try await hosts[1].request(question, from: hosts[0].peerID, "/reverse/1.0.0")
                        #expect(answer == question.reversed())
                    }
                }
            }
        }
    }

    @Test("an answer that never comes, one that is too long, and none at all are told apart")
    func failures() async throws {
        let server = try HostScene.host()
        try server.answer("/silent/1.0.0") { _, _ in
            try await Task.sleep(for: .seconds(3600))
            return []
        }
        try server.answer("/long/1.0.0") { _, _ in [UInt8](repeating: 1, count: 1_000) }
        try server.handle("/none/1.0.0") { stream in _ = try await stream.readFrame(limit: 100) }
        try await HostScene.run([server, HostScene.host(listening: false)]) { hosts in
            try await HostScene.connect(hosts[1], to: hosts[0])
            let peer = hosts[0].peerID
            let codes: [(ProtocolID, LibP2PError.Code)] = [
                ("/silent/1.0.0", .timedOut), ("/long/1.0.0", .tooLong), ("/none/1.0.0", .truncated),
                ("/nobody/1.0.0", .protocolNotSupported),
            ]
            for (name, code) in codes {
                let error = await #expect(throws: LibP2PError.self) {
                    let timeout: Duration = code == .timedOut ? .milliseconds(200) : .seconds(30)
                    _ = try await hosts[1].request([1], from: peer, name, timeout: timeout, answerLimit: 100)
                }
                #expect(error?.code == code, "\(name): \(String(describing: error))")
            }
        }
    }

    @Test("a dial is tried again where that may help, and not where the peer is somebody else")
    func retries() async throws {
        let policy = RetryPolicy(attempts: 3, pause: .milliseconds(1))
        try await HostScene.run([HostScene.host(), HostScene.host(listening: false)]) { hosts in
            let stranger = try PrivateKey.generate().peerID
            let events = hosts[1].events()
            let info = PeerInfo(id: stranger, addresses: [hosts[0].addresses[0].withoutPeer])
            let error = await #expect(throws: LibP2PError.self) {
                try await hosts[1].connect(to: info, retrying: policy)
            }
            #expect(error?.code == .wrongPeer)
            // A port on which nobody is.
            let gone = PeerInfo(
                id: try PrivateKey.generate().peerID, addresses: [try Multiaddress("/ip4/127.0.0.1/udp/9/quic-v1")])
            await #expect(throws: LibP2PError.self) { try await hosts[1].connect(to: gone, retrying: policy) }
            try await hosts[1].connect(to: hosts[0].addresses[0])
            var failures = 0
            for await event in events {
                if case .dialFailed = event { failures += 1 }
                if case .connected = event { break }
            }
            #expect(failures == 4)
        }
    }
}

import QUIC
import Synchronization
import Testing

@testable import LibP2P

@Suite("Gates of hosts", .timeLimit(.minutes(5)))
struct HostGateTests {
    /// Says no to one question, and remembers all that were asked.
    final class Gate: ConnectionGate {
        enum Question: Hashable, Sendable { case dial, dialAddress, accept, proceed, keep }

        private let denied: Question?
        private let asked = Mutex<[Question]>([])

        init(denying denied: Question?) { self.denied = denied }

        var questions: [Question] { self.asked.withLock { $0 } }

        private func answer(_ question: Question) -> GateVerdict {
            self.asked.withLock { $0.append(question) }
            return question == self.denied ? .deny(reason: "a secret reason") : .allow
        }

        func mayDial(_ peer: PeerID) -> GateVerdict { self.answer(.dial) }
        func mayDial(_ peer: PeerID, at address: Multiaddress) -> GateVerdict { self.answer(.dialAddress) }
        func mayAccept(from remote: Multiaddress, to local: Multiaddress) -> GateVerdict { self.answer(.accept) }
        func mayProceed(with connection: ConnectionInfo) -> GateVerdict { self.answer(.proceed) }
        func mayKeep(_ connection: ConnectionInfo) -> GateVerdict { self.answer(.keep) }
    }

    @Test("a dial is asked about four times, in this order; a no ends it with the reason")
    func outbound() async throws {
        let order: [Gate.Question] = [.dial, .dialAddress, .proceed, .keep]
        for (index, denied) in order.enumerated() {
            let gate = Gate(denying: denied)
            let client = try HostScene.host(listening: false) { $0.gate = gate }
            try await HostScene.run([client, HostScene.host()]) { hosts in
                let error = await #expect(throws: LibP2PError.self) {
                    try await hosts[0].connect(to: hosts[1].addresses[0])
                }
                #expect(error?.code == .gated)
                #expect(error?.description.contains("a secret reason") == true)
                #expect(gate.questions == Array(order[...index]))
                #expect(hosts[0].connections.isEmpty)
            }
        }
    }

    @Test("a caller is judged before the handshake, after it, and when ready; he hears that he is not wanted, not why")
    func inbound() async throws {
        let order: [Gate.Question] = [.accept, .proceed, .keep]
        for (index, denied) in order.enumerated() {
            let gate = Gate(denying: denied)
            let server = try HostScene.host { $0.gate = gate }
            let events = server.events()
            try await HostScene.run([server, HostScene.host(listening: false)]) { hosts in
                let reason: LibP2PError?
                do {
                    // Whoever dials may believe that he is in before the other end has made up its mind.
                    reason = await (try hosts[1].connect(to: hosts[0].addresses[0])).closed()
                } catch {
                    reason = error as? LibP2PError
                }
                #expect(gate.questions == Array(order[...index]))
                #expect(reason?.description.contains("secret") == false)
                if denied == .accept {
                    #expect(reason?.code == .unreachable)
                } else {
                    #expect(reason?.applicationCode == ConnectionCode.gated.rawValue)
                }
                #expect(hosts[0].connections.isEmpty)
                for await event in events {
                    guard case .inboundFailed(_, let refusal) = event else { continue }
                    #expect(refusal.code == .gated)
                    break
                }
            }
        }
    }

    @Test("a list of peers keeps one out and lets the others in, and may change while the host runs")
    func list() async throws {
        let list = PeerList()
        let server = try HostScene.host { $0.gate = list }
        try await HostScene.run([server, HostScene.host(listening: false)]) { hosts in
            list.deny(hosts[1].peerID)
            let connection = try? await hosts[1].connect(to: hosts[0].addresses[0])
            #expect(await connection?.closed().applicationCode == ConnectionCode.gated.rawValue)
            list.forget(hosts[1].peerID)
            try await HostScene.until("the connection is forgotten") { hosts[1].connections.isEmpty }
            try await HostScene.connect(hosts[1], to: hosts[0])
            try await HostScene.expectEcho(hosts[1], hosts[0].peerID)
        }
    }
}

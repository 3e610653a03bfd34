internal import Synchronization
internal import Testing

@testable internal import LibP2P

/// A host behind a translator that lets in only who was sent something.
private final class PunchingHost: HolePunchNetwork {
    private struct State {
        var sprayed: [Multiaddress] = []
        var dialled: [[Multiaddress]] = []
    }

    let address: Multiaddress
    let puncher: HolePuncher
    /// Whether the translator gives each destination another port, so that no address is good for anybody else.
    let isSymmetric: Bool
    private let state = Signal(State())
    private let other = Mutex<PunchingHost?>(nil)
    private let peerID: PeerID

    init(_ address: String, _ peerID: PeerID, isSymmetric: Bool = false, rules: HolePunchRules) throws {
        self.address = try Multiaddress(address)
        self.peerID = peerID
        self.isSymmetric = isSymmetric
        self.puncher = HolePuncher(rules: rules)
    }

    func meet(_ other: PunchingHost) { self.other.withLock { $0 = other } }

    var punchAddresses: [Multiaddress] { [self.address] }
    var sprayed: [Multiaddress] { self.state.withLock { $0.sprayed } }
    var dialled: [[Multiaddress]] { self.state.withLock { $0.dialled } }

    func directAddress(of peer: PeerID) -> Multiaddress? { nil }

    func sendRaw(_ bytes: [UInt8], to address: Multiaddress) {
        #expect(bytes.count == 64 && bytes[0] < 64)
        self.state.update { $0.sprayed.append(address) }
    }

    func connectDirectly(to peer: PeerID, at addresses: [Multiaddress]) async throws(LibP2PError) -> Multiaddress {
        self.state.update { $0.dialled.append(addresses) }
        guard let other = self.other.withLock({ $0 }) else { throw LibP2PError(.unreachable, "nobody") }
        // Packets are repeated until the other end has opened its translator for us.
        try await other.state.wait { state in
            let isOpen = state.sprayed.contains(self.address) || state.dialled.contains { $0.contains(self.address) }
            return isOpen && !other.isSymmetric && !self.isSymmetric ? () : nil
        }
        other.puncher.connected(self.peerID, at: self.address)
        return other.address
    }
}

@Suite(.timeLimit(.minutes(2))) struct HolePuncherTests {
    /// Where there is no way through, all attempts run out; where there is one, none does, however slow the machine.
    private static func rules(runOut: Bool) -> HolePunchRules {
        var rules = HolePunchRules()
        rules.punchTimeout = runOut ? .milliseconds(300) : .seconds(3_600)
        return rules
    }

    /// What came of it at both ends: Alice has dialled through the relay, so Bob initiates.
    private static func punch(
        _ alice: PunchingHost, _ bob: PunchingHost, isOneStream: Bool = false
    ) async -> (alice: [HolePunchOutcome], bob: HolePunchOutcome) {
        let answers = Signal<[HolePunchOutcome]>([])
        let outcome = await withTaskGroup(of: Void.self) { group in
            let requests = Signal<[LibP2PStream]>([])
            group.addTask {
                await withDiscardingTaskGroup { handlers in
                    while let stream = try? await requests.wait({ $0.isEmpty ? nil : $0.removeFirst() }) {
                        handlers.addTask {
                            guard let outcome = await alice.puncher.respond(on: stream, on: alice) else { return }
                            answers.update { $0.append(outcome) }
                        }
                    }
                }
            }
            let first = Self.pair()
            if isOneStream { requests.update { $0.append(first.far) } }
            let outcome: HolePunchOutcome
            if isOneStream {
                outcome = await bob.puncher.initiate(over: first.near, on: bob)
            } else {
                outcome = await bob.puncher.initiate(with: TestPeers.one, on: bob) { () throws(LibP2PError) in
                    let pair = Self.pair()
                    requests.update { $0.append(pair.far) }
                    return pair.near
                }
            }
            _ = try? await answers.wait { $0.isEmpty ? nil : () }
            group.cancelAll()
            return outcome
        }
        return (answers.withLock { $0 }, outcome)
    }

    private static func pair() -> (near: LibP2PStream, far: LibP2PStream) {
        let (left, right) = MemoryPipe.pair()
        let name = HolePuncher.protocolID
        return (
            LibP2PStream(NegotiatedStream(protocolID: name, base: left), peer: TestPeers.one),
            LibP2PStream(NegotiatedStream(protocolID: name, base: right), peer: TestPeers.two)
        )
    }

    private static func hosts(isSymmetric: Bool = false) throws -> (alice: PunchingHost, bob: PunchingHost) {
        let rules = self.rules(runOut: isSymmetric)
        let alice = try PunchingHost("/ip4/9.0.0.1/udp/1/quic-v1", TestPeers.one, rules: rules)
        let bob = try PunchingHost(
            "/ip4/9.0.0.2/udp/2/quic-v1", TestPeers.two, isSymmetric: isSymmetric, rules: rules)
        alice.meet(bob)
        bob.meet(alice)
        return (alice, bob)
    }

    @Test("Two hosts behind translators that keep their ports meet at the first attempt")
    func success() async throws {
        let (alice, bob) = try Self.hosts()
        let outcome = await Self.punch(alice, bob)
        #expect(outcome.bob == .direct(alice.address, attempts: 1))
        #expect(outcome.alice == [.direct(bob.address, attempts: 1)])
        #expect(bob.sprayed.allSatisfy { $0 == alice.address } && bob.dialled.isEmpty)
        #expect(alice.sprayed.isEmpty && alice.dialled == [[bob.address]])
    }

    @Test("Where a translator changes ports, three attempts fail, and the last one was a dial of both")
    func symmetric() async throws {
        let (alice, bob) = try Self.hosts(isSymmetric: true)
        let outcome = await Self.punch(alice, bob)
        guard case .failed(let error) = outcome.bob else {
            Issue.record("\(outcome.bob)")
            return
        }
        #expect(error.code == .unreachable)
        #expect(bob.dialled == [[alice.address]] && !bob.sprayed.isEmpty)
    }

    @Test("All attempts fit one stream of the application's own", arguments: [false, true])
    func oneStream(isSymmetric: Bool) async throws {
        let (alice, bob) = try Self.hosts(isSymmetric: isSymmetric)
        guard !isSymmetric else {
            let outcome = await Self.punch(alice, bob, isOneStream: true)
            #expect(outcome.alice.count == 1 && alice.dialled.count == 3 && bob.dialled.count == 1)
            return
        }
        let outcome = await Self.punch(alice, bob, isOneStream: true)
        #expect(outcome.bob == .direct(alice.address, attempts: 1))
        #expect(outcome.alice == [.direct(bob.address, attempts: 1)])
    }
}

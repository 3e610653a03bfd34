import LibP2P
import Testing

@Suite struct ConnectionGateTests {
    private static let local = "/ip4/10.0.0.1/udp/4001/quic-v1"

    private static func connection(
        with number: Int, from remote: String = "/ip4/192.0.2.7/udp/4001/quic-v1"
    ) throws -> ConnectionInfo {
        ConnectionInfo(
            peer: .sample(number), direction: .inbound, localAddress: try Multiaddress(self.local),
            remoteAddress: try Multiaddress(remote))
    }

    /// All five answers about one peer at one address.
    private static func answers(
        _ gate: any ConnectionGate, _ number: Int, _ remote: String = "/ip4/192.0.2.7/udp/4001/quic-v1"
    ) throws -> [Bool] {
        let address = try Multiaddress(remote)
        let connection = try self.connection(with: number, from: remote)
        let verdicts = [
            gate.mayDial(.sample(number)), gate.mayDial(.sample(number), at: address),
            gate.mayAccept(from: address, to: try Multiaddress(self.local)), gate.mayProceed(with: connection),
            gate.mayKeep(connection),
        ]
        return verdicts.map { $0 == .allow }
    }

    private struct Open: ConnectionGate {}

    private struct OnlyAtHome: ConnectionGate {
        func mayAccept(from remote: Multiaddress, to local: Multiaddress) -> GateVerdict {
            remote.reach == .privateNetwork ? .allow : .deny(reason: "only neighbours are let in")
        }
    }

    @Test("A gate allows what it says nothing about")
    func defaults() throws {
        #expect(try Self.answers(Open(), 1) == [true, true, true, true, true])
        #expect(try Self.answers(OnlyAtHome(), 1) == [true, true, false, true, true])
        #expect(try Self.answers(OnlyAtHome(), 1, "/ip4/10.2.3.4/udp/1/quic-v1") == [true, true, true, true, true])
    }

    @Test("Empty lists let everybody in")
    func empty() throws { #expect(try Self.answers(PeerList(), 1) == [true, true, true, true, true]) }

    @Test("A denied peer is neither dialled nor kept; others are, and it is too once it is forgotten")
    func deniedPeer() throws {
        let list = PeerList()
        list.deny(.sample(1))
        #expect(try Self.answers(list, 1) == [false, true, true, false, true])
        #expect(try Self.answers(list, 2) == [true, true, true, true, true])
        list.allow(.sample(1))
        #expect(try Self.answers(list, 1) == [false, true, true, false, true])
        list.forget(.sample(1))
        #expect(try Self.answers(list, 1) == [true, true, true, true, true])
    }

    @Test("With one allowed peer, nobody else gets in")
    func allowedPeer() throws {
        let list = PeerList()
        list.allow(.sample(1))
        #expect(try Self.answers(list, 1) == [true, true, true, true, true])
        #expect(try Self.answers(list, 2) == [false, true, true, false, true])
    }

    @Test("A denied network is neither dialled nor let in, in both of its forms")
    func deniedNetwork() throws {
        let list = PeerList()
        list.deny(try Subnet("192.0.2.0/24"))
        #expect(try Self.answers(list, 1) == [true, false, false, true, true])
        #expect(try Self.answers(list, 1, "/ip6/::ffff:192.0.2.9/udp/1/quic-v1") == [true, false, false, true, true])
        #expect(try Self.answers(list, 1, "/ip4/192.0.3.1/udp/1/quic-v1") == [true, true, true, true, true])
        list.allow(try Subnet("192.0.0.0/16"))
        #expect(try Self.answers(list, 1) == [true, false, false, true, true])
        #expect(try Self.answers(list, 1, "/ip4/192.0.3.1/udp/1/quic-v1") == [true, true, true, true, true])
        #expect(try Self.answers(list, 1, "/ip4/10.0.0.1/udp/1/quic-v1") == [true, false, false, true, true])
        list.forget(try Subnet("192.0.2.0/24"))
        #expect(try Self.answers(list, 1) == [true, true, true, true, true])
    }

    @Test("What has no address to compare is kept out by lists of networks, a relayed peer is not")
    func otherAddresses() throws {
        let list = PeerList()
        list.deny(try Subnet("192.0.2.0/24"))
        let relayed = "/ip4/192.0.2.1/udp/1/quic-v1/p2p/\(PeerID.sample(9))/p2p-circuit"
        #expect(try Self.answers(list, 1, "/dns4/example.org/udp/1/quic-v1") == [true, false, false, true, true])
        #expect(try Self.answers(list, 1, relayed) == [true, true, true, true, true])
    }

    @Test("The reason names what was found on the list")
    func reasons() throws {
        let list = PeerList()
        list.deny(.sample(1))
        list.deny(try Subnet("192.0.2.0/24"))
        guard case .deny(let peer) = list.mayDial(.sample(1)),
            case .deny(let network) = list.mayDial(
                .sample(2), at: try Multiaddress("/ip4/192.0.2.1/udp/1/quic-v1"))
        else {
            Issue.record("both are denied")
            return
        }
        #expect(peer.contains(PeerID.sample(1).description))
        #expect(network.contains("192.0.2.0/24"))
    }
}

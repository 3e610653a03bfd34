import ExampleSupport
import LibP2P

/// Two nodes behind NATs meet through a third and then connect directly.
///
///     HolePunchExample relay /ip4/0.0.0.0/udp/4001/quic-v1     on a host that everybody can reach; prints its address
///     HolePunchExample listen RELAY                            behind a NAT; prints its address through the relay
///     HolePunchExample dial ADDRESS                            behind another NAT; says how the two are connected
@main
enum HolePunch {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let command = arguments.first, let address = try arguments.dropFirst().first.map({ try Multiaddress($0) })
        else { return say("usage: HolePunchExample relay LISTEN | listen RELAY | dial ADDRESS") }
        switch command {
        case "relay": try await self.relay(at: address)
        case "listen": try await self.listen(behind: address)
        default: try await self.dial(address)
        }
    }

    private static func relay(at address: Multiaddress) async throws {
        let host = try LibP2PHost(key: .generate()) { configuration in
            configuration.listenAddresses = [address]
            // Many nodes may be behind one NAT, and some go without a word.
            var limits = RelayLimits()
            limits.reservationsPerIPv4Address = limits.reservations
            configuration.relay = .server(limits)
            configuration.limits.connectionsPerIPv4Address = 200
            configuration.limits.inboundConnectionBurst = 1_000
        }
        try await host.run { host in
            for address in host.addresses { say("relay \(address)") }
            while true { try await Task.sleep(for: .seconds(3_600)) }
        }
    }

    private static func listen(behind relay: Multiaddress) async throws {
        let host = try self.node(.client(at: [relay]))
        let events = host.events()
        try await host.run { host in
            let address = Multiaddress.relayed(through: relay, to: host.peerID)
            // The place is there once the address is among those that others are told.
            while !host.addresses.contains(address) { try await Task.sleep(for: .milliseconds(20)) }
            say("listening \(address)")
            for await event in events {
                if case .holePunched(let peer, let outcome) = event { say("punched \(peer) \(outcome)") }
            }
        }
    }

    private static func dial(_ address: Multiaddress) async throws {
        let host = try self.node(.client())
        let events = host.events()
        try await host.run { host in
            let connection = try await host.connect(to: address)
            say("relayed \(connection.isRelayed)")
            for await event in events {
                guard case .holePunched(let peer, let outcome) = event, peer == connection.peer else { continue }
                switch outcome {
                case .direct(let address, let attempts): say("direct \(address) after \(attempts) attempts")
                case .failed(let error): say("failed: \(error)")
                }
                break
            }
            // Whatever came of it, the two can talk.
            let session = try await host.ping(connection.peer)
            say("ping \(try await session.ping())")
            say("connections \(host.connections(to: connection.peer).map { $0.isRelayed ? "relayed" : "direct" })")
        }
    }

    private static func node(_ relay: RelayUse) throws -> LibP2PHost {
        try LibP2PHost(key: .generate()) { configuration in
            configuration.listenAddresses = [try Multiaddress("/ip4/0.0.0.0/udp/0/quic-v1")]
            configuration.relay = relay
        }
    }
}

import LibP2P
import QUIC
import QUICIO

/// A connection that was made, and what the peer has said of itself.
struct P2PCall: Sendable {
    let connection: LibP2PConnection
    let time: Duration
    /// nil: the peer does not say.
    let peer: PeerIdentification?

    /// Dials, and waits until the peer has said what it is; where it says nothing in time, it is connected all the same.
    static func make(
        from host: LibP2PHost, to address: Multiaddress, within limit: Duration
    ) async throws -> P2PCall {
        let events = host.events()
        let start = MonotonicClock.now()
        let connection = try await self.connect(host, to: address)
        let time = MonotonicClock.elapsed(since: start)
        let peer = try? await TimeLimit.run(limit) { () -> PeerIdentification? in
            for await event in events {
                switch event {
                case .identified(connection.peer, _, _, _): return host.identification(of: connection.peer)
                case .disconnected(let info, _, isLast: true) where info.peer == connection.peer: return nil
                default: break
                }
            }
            return nil
        }
        try Task.checkCancellation()
        return P2PCall(connection: connection, time: time, peer: peer)
    }

    /// Connects. A relay carries little, so the two try to do without it, which takes a moment.
    static func connect(_ host: LibP2PHost, to address: Multiaddress) async throws -> LibP2PConnection {
        let events = host.events()
        let connection = try await host.connect(to: address)
        guard connection.isRelayed else { return connection }
        try? await TimeLimit.run(.seconds(5)) {
            for await event in events {
                if case .holePunched(connection.peer, _) = event { return }
            }
        }
        try Task.checkCancellation()
        return host.connections(to: connection.peer).first { !$0.isRelayed } ?? connection
    }

    var text: String {
        var table = Table()
        table.add("peer", "\(self.connection.peer)")
        table.add("key", "\(self.connection.publicKey.message.type)")
        table.add("address", "\(self.connection.remoteAddress)")
        if let summary = self.connection.quic?.handshakeSummary {
            table.add("connected in", "\(self.time.text), QUIC v\(summary.version), \(summary.cipher)")
        } else {
            table.add("connected in", self.time.text)
        }
        guard let peer else {
            table.add("identify", "it does not say what it is")
            return table.text
        }
        table.add("software", (peer.agentVersion ?? "–").printable)
        table.add("family", (peer.protocolVersion ?? "–").printable)
        if let observed = peer.observedAddress { table.add("sees us at", "\(observed)") }
        for (number, address) in peer.addresses.enumerated() {
            table.add(number == 0 ? "listens on" : "", "\(address)")
        }
        for (number, name) in peer.protocols.enumerated() {
            table.add(number == 0 ? "speaks" : "", name.description.printable)
        }
        table.add("signed record", peer.signedRecord == nil ? "no" : "yes")
        return table.text
    }

    var json: JSONObject {
        var object = JSONObject()
        object.add("peer_id", "\(self.connection.peer)")
        object.add("type", "\(self.connection.publicKey.message.type)")
        object.add("address", "\(self.connection.remoteAddress)")
        object.add("connect_ms", self.time.seconds * 1e3)
        object.add("identified", self.peer != nil)
        guard let peer else { return object }
        object.add("agent", peer.agentVersion ?? "")
        object.add("protocol_version", peer.protocolVersion ?? "")
        object.add("observed", peer.observedAddress.map { "\($0)" } ?? "")
        object.add("addresses", peer.addresses.map { "\($0)" })
        object.add("protocols", peer.protocols.map(\.description))
        object.add("signed_record", peer.signedRecord != nil)
        return object
    }
}

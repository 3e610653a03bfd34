internal import QUICEngine

/// Makes a libp2p connection of a stream of bytes, as it comes out of a relay (connections §Upgrading): an agreement on how
/// to secure it, TLS, an agreement on the muxer, yamux.
enum StreamUpgrade {
    static let security: ProtocolID = "/tls/1.0.0"
    static let muxer: ProtocolID = "/yamux/1.0.0"

    /// The end that dialled.
    static func dial(
        over base: any DuplexStream, identity: TLSIdentity, expecting peer: PeerID,
        deadline: Duration = Negotiation.defaultDeadline, time: TimeSource = .continuous
    ) async throws(LibP2PError) -> (connection: YamuxConnection, peer: AuthenticatedPeer) {
        try await self.run(over: base, deadline, time) { () async throws(LibP2PError) in
            let plain = try await Negotiation.initiate(base, offers: [self.security], deadline: deadline, time: time)
            let secure = try await SecureStream.open(
                over: plain.duplex, as: .client, identity: identity, trust: LibP2PTrust.policy(expecting: peer))
            // Where the other end refuses our certificate, this is where we hear of it.
            let muxed = try await Negotiation.initiate(secure, offers: [self.muxer], deadline: deadline, time: time)
            return (YamuxConnection(.client, over: muxed.duplex), try self.peer(of: secure))
        }
    }

    /// The end that was dialled; `peer` is who the relay says it is.
    static func accept(
        over base: any DuplexStream, identity: TLSIdentity, expecting peer: PeerID?,
        deadline: Duration = Negotiation.defaultDeadline, time: TimeSource = .continuous
    ) async throws(LibP2PError) -> (connection: YamuxConnection, peer: AuthenticatedPeer) {
        try await self.run(over: base, deadline, time) { () async throws(LibP2PError) in
            let plain = try await self.respond(base, self.security, deadline, time)
            let secure = try await SecureStream.open(
                over: plain.duplex, as: .server, identity: identity, trust: LibP2PTrust.policy(expecting: peer))
            let muxed = try await self.respond(secure, self.muxer, deadline, time)
            return (YamuxConnection(.server, over: muxed.duplex), try self.peer(of: secure))
        }
    }

    /// The deadline is for all the steps together.
    private static func run<Value: Sendable>(
        over base: any DuplexStream, _ deadline: Duration, _ time: TimeSource,
        _ body: @escaping @Sendable () async throws(LibP2PError) -> Value
    ) async throws(LibP2PError) -> Value {
        do throws(LibP2PError) {
            return try await time.limit(deadline, for: "securing the relayed connection", body)
        } catch {
            // An alert that is on its way must not be overtaken.
            if error.code == .wrongPeer { base.stopReading(code: .none) } else { base.reset(code: .none) }
            throw error
        }
    }

    private static func respond(
        _ base: any DuplexStream, _ name: ProtocolID, _ deadline: Duration, _ time: TimeSource
    ) async throws(LibP2PError) -> NegotiatedStream {
        try await Negotiation.respond(
            base, serving: { $0 == name }, listing: { [name] }, deadline: deadline, time: time)
    }

    private static func peer(of stream: SecureStream) throws(LibP2PError) -> AuthenticatedPeer {
        guard let peer = stream.peer else {
            throw LibP2PError(.wrongPeer, "the peer at the other end of the relay showed no certificate of libp2p")
        }
        return peer
    }
}

/// What relays, and peers behind them, ask of the host.
protocol RelayNetwork: AnyObject, Sendable {
    /// The host's key.
    var key: PrivateKey { get }
    /// Where the host listens, wildcards expanded.
    var listenAddresses: [Multiaddress] { get }
    /// A stream over a connection that may, or may not, be relayed itself.
    func openStream(
        to peer: PeerID, _ protocols: [ProtocolID], overRelayed: Bool
    ) async throws(LibP2PError) -> LibP2PStream
}

/// What the two sides of circuit-relay v2 have in common.
enum RelayProtocol {
    /// What peers ask the relay.
    static let hop: ProtocolID = "/libp2p/circuit/relay/0.2.0/hop"
    /// What the relay asks the peer that it keeps a place for.
    static let stop: ProtocolID = "/libp2p/circuit/relay/0.2.0/stop"
    /// How long a peer may take for its message.
    static let messageDeadline = Duration.seconds(10)
    /// How long a relay may take to reach the other peer.
    static let connectDeadline = Duration.seconds(30)

    /// Reads one message; the peer must send it at once.
    static func read<Message: ProtobufMessage>(
        _ type: Message.Type, from stream: LibP2PStream, within deadline: Duration, _ time: TimeSource
    ) async throws(LibP2PError) -> Message {
        let bytes = try await time.limit(deadline, for: "a message of a relay") { () async throws(LibP2PError) in
            try await stream.readMessage(limit: Message.maximumByteCount)
        }
        guard let bytes else { throw LibP2PError(.truncated, "the stream ended before a \(Message.name)") }
        return try Message(decoding: bytes)
    }
}

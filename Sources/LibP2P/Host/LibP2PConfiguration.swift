public import QUIC

/// How a host behaves. Every number has a default that suits a node among some hundred peers.
///
///     var configuration = LibP2PConfiguration()
///     configuration.listenAddresses = [try Multiaddress("/ip4/0.0.0.0/udp/4001/quic-v1")]
///     configuration.peerStore = FilePeerStore(path: "peers")
///     let host = try LibP2PHost(key: key, configuration)
public struct LibP2PConfiguration: Sendable {
    /// Where to listen: `/ip4/…/udp/…/quic-v1` and `/ip6/…`; port 0 lets the system choose one. None: a host that only dials.
    public var listenAddresses: [Multiaddress] = []
    /// Addresses to tell peers besides the ones that are found out: those that a router forwards, names.
    public var announcedAddresses: [Multiaddress] = []
    /// What this host tells peers it is.
    public var agentVersion = "tern"
    /// The family of protocols that this host tells peers it belongs to.
    public var protocolVersion = "ipfs/0.1.0"

    /// How much peers and the application may take.
    public var limits = ResourceLimits()
    /// When there are more connections than wanted, and how many are kept.
    public var marks = ConnectionMarks()
    /// Whom to dial and to let in; nil: everybody.
    public var gate: (any ConnectionGate)?
    /// Where addresses and protocols of peers are remembered. ``FilePeerStore`` outlives the process.
    public var peerStore: any PeerStore = MemoryPeerStore()
    /// Ways to find peers, made for the host when it runs: what they find is remembered in the peer store and told as an
    /// event.
    ///
    ///     configuration.discoveries = [{ MulticastDNS(for: $0) }]
    public var discoveries: [@Sendable (LibP2PHost) -> any PeerDiscovery] = []
    /// Finds the addresses behind names.
    public var resolver = AddressResolver()

    /// How long a dial may take, all addresses of the peer together.
    public var dialTimeout: Duration = .seconds(15)
    /// How long the negotiation of a stream's protocol may take.
    public var negotiationTimeout: Duration = .seconds(10)
    /// How long ``LibP2PHost/run(_:)`` waits at its end for what was written to finished streams to arrive.
    public var closingTimeout: Duration = .seconds(2)
    /// From how many handshakes under way on callers must show that they are where they say (RFC 9000 §8.1.2).
    public var retryThreshold = 32
    /// Numbers and choices of the QUIC connections. Only QUIC version 1 is spoken.
    public var transport: EngineConfiguration = .libp2p
    /// Sizes of the sockets, and where warnings go.
    public var endpoint = QUICEndpointConfiguration.defaults()
    /// Other application protocols (ALPN) that the ports serve beside libp2p.
    public var otherProtocols: [OtherProtocol] = []

    /// Asks peers for their identity (identify), and answers when they ask.
    public var identifies = true
    /// What part it takes in relaying.
    public var relay = RelayUse.off
    /// Makes direct connections out of relayed ones where it can (DCUtR); where it can't, the relayed ones stay.
    public var holePunching = true
    /// Answers the ping protocol.
    public var answersPings = true

    /// The defaults: a host that dials and does not listen.
    public init() {}

    /// Another application protocol on the ports of a host: HTTP/3 beside libp2p, for example.
    public struct OtherProtocol: Sendable {
        /// The name in TLS (ALPN).
        public var name: String
        /// Who we are to its clients.
        public var identities: ServerIdentities
        /// Whether its clients show certificates.
        public var clientAuthentication: TLSServerConfiguration.ClientAuthentication
        /// Serves a connection, which is closed when this returns.
        public var handler: @Sendable (QUICConnection) async throws -> Void

        /// Puts the parts together.
        public init(
            name: String, identities: ServerIdentities,
            clientAuthentication: TLSServerConfiguration.ClientAuthentication = .none,
            handler: @escaping @Sendable (QUICConnection) async throws -> Void
        ) {
            self.name = name
            self.identities = identities
            self.clientAuthentication = clientAuthentication
            self.handler = handler
        }
    }
}

extension EngineConfiguration {
    /// What suits libp2p: 256 streams of each peer at a time, all of them in both directions; silence for 30 s ends a
    /// connection, and a PING after 15 s keeps it.
    public static let libp2p: EngineConfiguration = .defaults {
        $0.versions = [.version1]
        $0.keepAlive = .seconds(15)
        $0.streams.bidirectional = 256
        $0.streams.unidirectional = 0
        $0.flowControl.connectionWindow = 768 << 10
        $0.flowControl.maximumConnectionWindow = 15 << 20
        $0.flowControl.maximumStreamWindow = 10 << 20
    }
}

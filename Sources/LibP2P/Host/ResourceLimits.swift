/// How much of this host other peers, and the application itself, may take.
///
///     var limits = ResourceLimits()
///     limits.connections = 200
///     limits.unlimitedPeers = [friend]
///     limits.unlimitedSubnets = [try Subnet("10.0.0.0/8")]
///
/// Each number is the last one that is let in: with 200 connections the 201st is refused, by an error whose
/// ``LibP2PError/limit`` is the name of the property. Zero lets nobody in.
public struct ResourceLimits: Hashable, Sendable {
    /// Connections in all. A connection costs some 100 KB before data flows.
    public var connections = 1_000
    /// Connections that peers dialled: fewer than all of them, so that strangers never take the room of our own dials.
    public var inboundConnections = 800
    /// Connections that this host dialled.
    public var outboundConnections = 800
    /// Connections whose peer is not yet authenticated. They cost a handshake each, which is most of a peer's price.
    public var transientConnections = 192
    /// Of those, the ones that somebody dialled who has not shown who he is.
    public var inboundTransientConnections = 64
    /// Of those, our own dials: with several addresses for each peer.
    public var outboundTransientConnections = 128
    /// Connections of one peer: one of each direction, a relayed one beside them, and as many that are being replaced.
    public var connectionsPerPeer = 8

    /// Streams in all. One costs its windows once data flows, and a task of its handler.
    public var streams = 8_192
    /// Streams that peers opened.
    public var inboundStreams = 6_144
    /// Streams that this host opened.
    public var outboundStreams = 6_144
    /// Streams that have no protocol yet. A negotiation takes a round trip or two, so that few are under way at a time.
    public var transientStreams = 5_120
    /// Of those, the ones that peers opened.
    public var inboundTransientStreams = 4_096
    /// Of those, the ones that this host opened.
    public var outboundTransientStreams = 4_096
    /// Streams of one peer, over all of its connections.
    public var streamsPerPeer = 1_024
    /// Streams that one peer opened; QUIC's own limit on each connection, 256, comes first with one connection.
    public var inboundStreamsPerPeer = 512
    /// Streams of one peer that have no protocol yet: one peer can't stop the negotiations of all others.
    public var transientStreamsPerPeer = 128
    /// Streams of one protocol.
    public var streamsPerProtocol = 4_096
    /// Streams of one protocol with one peer.
    public var streamsPerProtocolAndPeer = 512

    /// Bytes of messages of more than 64 KiB that are being read (``LibP2PStream/readMessage(limit:)``,
    /// ``LibP2PStream/readFrame(limit:)``), in all.
    public var memory = 512 << 20
    /// Those of one peer.
    public var memoryPerPeer = 64 << 20

    /// Inbound connections from one IPv4 address. Behind a translator live several peers, so that it is not one.
    public var connectionsPerIPv4Address = 8
    /// Inbound connections from one IPv4 network of 24 bits, the smallest that is routed: it can't take all the room. Where
    /// more neighbours than that share a network of their own, name it in ``unlimitedSubnets``.
    public var connectionsPerIPv4Network = 128
    /// Inbound connections from one IPv6 network of 56 bits, what one customer usually has.
    public var connectionsPerIPv6Customer = 8
    /// Inbound connections from one IPv6 network of 48 bits, what anybody can rent.
    public var connectionsPerIPv6Site = 64
    /// How many inbound connections one IPv4 address, or IPv6 network of 56 bits, may begin at once.
    public var inboundConnectionBurst = 16
    /// How long it takes until it may begin one more: 5 seconds are 0.2 in a second.
    public var inboundConnectionInterval: Duration = .seconds(5)
    /// How many addresses and networks are remembered for the two numbers above; beyond it, those that have been quiet
    /// for longest are forgotten.
    public var trackedSources = 8_192
    /// Whether the limits for addresses are meant for this host's own processes too.
    public var countsLoopback = false

    /// Peers who are counted but never refused once they have shown who they are. Before that, a full host can't tell
    /// them from others: where it must not matter, name their networks below.
    public var unlimitedPeers: Set<PeerID> = []
    /// Networks from which nobody is refused; their connections and streams are counted.
    public var unlimitedSubnets: [Subnet] = []

    /// The defaults: a node that serves a few hundred peers.
    public init() {}

    /// As good as none, for tests and for a network of friends.
    public static var unlimited: ResourceLimits {
        var limits = ResourceLimits()
        for path in Self.numbers { limits[keyPath: path] = .max }
        return limits
    }

    private static var numbers: [WritableKeyPath<ResourceLimits, Int>] {
        [
            \.connections, \.inboundConnections, \.outboundConnections, \.transientConnections,
            \.inboundTransientConnections, \.outboundTransientConnections, \.connectionsPerPeer, \.streams,
            \.inboundStreams, \.outboundStreams, \.transientStreams, \.inboundTransientStreams,
            \.outboundTransientStreams, \.streamsPerPeer, \.inboundStreamsPerPeer, \.transientStreamsPerPeer,
            \.streamsPerProtocol, \.streamsPerProtocolAndPeer, \.memory, \.memoryPerPeer, \.connectionsPerIPv4Address,
            \.connectionsPerIPv4Network,
            \.connectionsPerIPv6Customer, \.connectionsPerIPv6Site, \.inboundConnectionBurst,
        ]
    }
}

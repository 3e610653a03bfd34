public import QUICEngine
package import QUICIO

/// How an endpoint uses the host: its socket, its event loops, its keys and its limits.
public struct QUICEndpointConfiguration: Sendable {
    /// How many event loops, each with a socket on the same port, share the work: 1. One loop fills
    /// most links, and a second one pays only where more processors are free than both ends of a connection use.
    public var shards = 1
    /// The loop of the first shard; nil, the default: loops take turns.
    public var firstLoop: Int?
    /// A loop that belongs to nobody else, for a test that counts what happens on it; one shard only.
    package var loop: EventLoop?
    /// Makes the connection IDs that peers call us by: eight random bytes.
    public var connectionIDs: any ConnectionIDGenerator = RandomConnectionIDGenerator()
    /// The keys of tokens, resets and tickets; nil, the default, makes new ones. Give the same ones after a restart.
    public var keys: EndpointKeys?
    /// Limits.
    public var limits = QUICEndpointLimits()
    /// Bytes of each socket's receive buffer in the kernel: 4 MiB. Less is taken where the system allows no more.
    public var receiveBuffer = 4 << 20
    /// Bytes of each socket's send buffer in the kernel: 4 MiB.
    public var sendBuffer = 4 << 20
    /// Buffers of 64 KiB that one system call fills: 8, so that they stay in the processor's cache.
    public var receiveSlots = 8
    /// Bytes of stream buffers that each event loop keeps for later use: 64 MiB. What 100 busy streams need; asking the
    /// system again and again costs more than the copying.
    public var idleBuffers = 64 << 20
    /// Lets the kernel cut and join datagrams (UDP_SEGMENT, UDP_GRO): many times fewer system calls.
    public var usesOffload = true
    /// Marks packets as ECN-capable and reports marks (RFC 9000 §13.4).
    public var marksECN = true
    /// Restricts an endpoint on `[::]` to IPv6.
    public var isIPv6Only = false
    /// Receives what a person should know, for instance which sysctl to raise.
    public var onWarning: (@Sendable (String) -> Void)?

    /// Creates the defaults.
    public init() {}

    /// The defaults, changed by `configure`.
    public static func defaults(configure: (inout Self) -> Void = { _ in }) -> Self {
        var configuration = Self()
        configure(&configuration)
        return configuration
    }
}

/// Bounds on what strangers can make an endpoint keep.
public struct QUICEndpointLimits: Sendable {
    /// Connections on one event loop: 65,536.
    public var connections = 65_536
    /// Handshakes under way on one event loop: 4,096. Those above are refused.
    public var halfOpen = 4_096
    /// Handshakes under way from one /24 or /64: 1,024. Those above must come back with a token first.
    public var halfOpenPerPrefix = 1_024
    /// Connections that wait to be accepted by the application: 1,024. Those above are refused.
    public var acceptBacklog = 1_024
    /// Stateless resets, refusals and Version Negotiation packets per second, each: 1,000.
    public var statelessRepliesPerSecond = 1_000
    /// Datagrams on their way between event loops, or to be sent raw: 4,096.
    public var forwardedDatagrams = 4_096

    /// Creates the defaults.
    public init() {}
}

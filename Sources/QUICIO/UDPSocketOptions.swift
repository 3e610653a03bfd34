/// What to ask of the kernel for a UDP socket.
///
///     var options = UDPSocketOptions()
///     options.reusesPort = true
///     let socket = try UDPSocket(bindingTo: address, options: options)
///
/// What the kernel refuses is a note in ``UDPSocketCapabilities``, never an error.
public struct UDPSocketOptions: Hashable, Sendable {
    /// How many bytes of arrived datagrams the kernel keeps for the process.
    public var receiveBuffer = 4 << 20
    /// How many bytes on their way out the kernel takes before it says that it would block.
    public var sendBuffer = 4 << 20
    /// Whether several sockets share the port (`SO_REUSEPORT`).
    public var reusesPort = false
    /// Whether the kernel cuts one large send into datagrams.
    public var usesSegmentationOffload = true
    /// Whether the kernel joins datagrams of one sender into one large receive.
    public var usesReceiveOffload = true
    /// Whether congestion marks are set and read (RFC 9000 §13.4).
    public var marksECN = true
    /// Whether a socket for `[::]` leaves IPv4 alone; by default it serves both families.
    public var isIPv6Only = false

    /// Asks for everything that makes QUIC fast.
    public init() {}
}

/// What the kernel granted to a UDP socket.
public struct UDPSocketCapabilities: Hashable, Sendable {
    /// One large send becomes many datagrams; false after the first refusal of the network card.
    public internal(set) var gso = false
    /// Many datagrams of one sender arrive as one large receive.
    public internal(set) var gro = false
    /// Congestion marks are set and read.
    public internal(set) var ecn = false
    /// Each datagram tells which of our addresses it came to, and may leave from an address of our choice.
    public internal(set) var packetInfo = false
    /// The kernel counts the datagrams for which the receive buffer had no room.
    public internal(set) var overflowCounter = false
    /// Datagrams are never fragmented, and no ICMP message changes the size that may be sent (RFC 9000 §14.2.1).
    public internal(set) var mtuProbing = false
    /// The socket serves IPv4 and IPv6.
    public internal(set) var isDualStack = false
    /// How many bytes the receive buffer holds, the kernel's own bookkeeping not counted.
    public internal(set) var receiveBuffer = 0
    /// How many bytes the send buffer holds, the kernel's own bookkeeping not counted.
    public internal(set) var sendBuffer = 0
    /// What is less than was asked for, each in a sentence for the person who runs the host.
    public internal(set) var notes: [String] = []

    init() {}

    /// What to say of a receive buffer: small ones lose datagrams whenever the process is busy for a moment.
    static func note(receiveBuffer granted: Int, asked: Int) -> String? {
        guard granted < asked else { return nil }
        return "The receive buffer holds \(granted) bytes instead of \(asked); bursts beyond it are lost. "
            + "Allow more with `sysctl -w net.core.rmem_max=\(asked)`."
    }
}

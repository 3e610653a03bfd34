/// What went through a UDP socket since it was made.
public struct UDPSocketStatistics: Hashable, Sendable {
    /// Datagrams that the kernel took, each segment counted.
    public internal(set) var datagramsOut: UInt64 = 0
    /// Their payload.
    public internal(set) var bytesOut: UInt64 = 0
    /// Calls of `sendmsg` and `sendmmsg`, those that failed included.
    public internal(set) var callsOut: UInt64 = 0
    /// Datagrams that arrived, each segment of a joined receive counted.
    public internal(set) var datagramsIn: UInt64 = 0
    /// Their payload.
    public internal(set) var bytesIn: UInt64 = 0
    /// Calls of `recvmmsg`, those that failed included.
    public internal(set) var callsIn: UInt64 = 0

    /// Messages that left as one and were cut by the kernel or the card.
    public internal(set) var gsoCalls: UInt64 = 0
    /// How often segmentation offload was given up; at most one for a socket.
    public internal(set) var gsoFallbacks: UInt64 = 0
    /// Sends for which the send buffer had no room; nothing was lost.
    public internal(set) var wouldBlock: UInt64 = 0

    /// Datagrams lost because they were longer than the path allows; the expected end of a probe (RFC 9000 §14.3).
    public internal(set) var lostTooLong: UInt64 = 0
    /// Datagrams lost because there was no way to the peer, or an ICMP message said so.
    public internal(set) var lostUnreachable: UInt64 = 0
    /// Datagrams lost to a rule of the local firewall.
    public internal(set) var lostToFirewall: UInt64 = 0
    /// Datagrams lost to a full queue of this host.
    public internal(set) var lostToFullQueue: UInt64 = 0
    /// Datagrams that the kernel refused as malformed, for example for a source address that has been removed.
    public internal(set) var lostToRefusal: UInt64 = 0

    /// Errors that a receive reported and that say nothing about the socket.
    public internal(set) var receiveErrors: UInt64 = 0
    /// Datagrams that were longer than the slot for them.
    public internal(set) var truncated: UInt64 = 0
    /// Datagrams that the kernel dropped because the receive buffer was full (`SO_RXQ_OVFL`).
    public internal(set) var receiveOverflow: UInt64 = 0

    /// Datagrams that failed to leave, for whichever reason.
    public var lost: UInt64 {
        self.lostTooLong &+ self.lostUnreachable &+ self.lostToFirewall &+ self.lostToFullQueue &+ self.lostToRefusal
    }

    init() {}

    mutating func countLoss(of datagrams: Int, _ error: Errno) {
        let count = UInt64(clamping: datagrams)
        switch error {
        case .messageTooLong: self.lostTooLong &+= count
        case .notPermitted, .permissionDenied: self.lostToFirewall &+= count
        case .noBufferSpace, .outOfMemory: self.lostToFullQueue &+= count
        case .inputOutput, .invalidArgument: self.lostToRefusal &+= count
        default: self.lostUnreachable &+= count
        }
    }
}

extension Errno {
    /// What this error means for one `sendmsg` or `recvmsg` on a UDP socket.
    public var datagramFault: DatagramFault {
        switch self {
        case .interrupted: .retryNow
        case .wouldBlock: .waitUntilReady
        case .noBufferSpace, .outOfMemory: .datagramLostAndPause
        // The card refuses offload (EIO), or there are too many segments (EINVAL). EINVAL also tells that the IPv6
        // source address has been removed: that is for migration to repair, not a reason to give the socket up.
        case .inputOutput, .invalidArgument: .segmentationRefused
        // Above the size of the path: for a probe the expected answer, for other packets loss (RFC 9000 §14.3).
        case .messageTooLong: .datagramLost
        // What an ICMP message of a stranger can cause, and interfaces that come back by themselves.
        case .connectionRefused, .networkUnreachable, .hostUnreachable, .networkDown, .hostDown, .hostIsolated,
            .protocolError, .protocolUnavailable, .notSupported, .addressNotAvailable:
            .datagramLost
        // A rule of the local firewall, which may be lifted again.
        case .notPermitted, .permissionDenied: .datagramLost
        default: .socketUnusable
        }
    }

    /// Whether a socket that reported this error for a datagram can go on; false only where it is beyond use.
    public var isTransientForDatagrams: Bool { self.datagramFault != .socketUnusable }
}

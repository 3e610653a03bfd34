/// What to do about a failed send or receive of one datagram.
///
/// Most failures say something about one datagram and nothing about the endpoint. Whoever can forge an ICMP message
/// can cause many of them, so none of those may end a connection (RFC 9000 §21.7): loss recovery and the idle
/// timeout decide instead.
///
///     switch error.datagramFault {
///     case .waitUntilReady: keep(packet)
///     case .datagramLost: counters.refused += 1
///     default: break
///     }
public enum DatagramFault: Hashable, Sendable {
    /// Repeat the call at once.
    case retryNow
    /// Keep the packet as it is, never encrypt it again, and repeat the call once the socket is ready.
    case waitUntilReady
    /// Count the datagram as lost and go on with the next.
    case datagramLost
    /// Count the datagram as lost, and pause a little before the next: a queue of this host is full.
    case datagramLostAndPause
    /// If segmentation offload was in use, turn it off for this socket and send the segments one by one. If not, count
    /// the datagram as lost.
    case segmentationRefused
    /// The socket itself is of no further use.
    case socketUnusable
}

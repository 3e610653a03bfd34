internal import Synchronization

/// What a host has counted since it was made; numbers only grow. What is in use now is ``LibP2PHost/usage``.
///
///     let statistics = host.statistics
///     print("\(statistics.connectionsOpened.all) connections, \(statistics.callersRefused) callers refused")
public struct LibP2PStatistics: Hashable, Sendable {
    /// Connections with an authenticated peer.
    public internal(set) var connectionsOpened = ResourceUsage.Tally()
    /// Of those, the ones that are over.
    public internal(set) var connectionsClosed = ResourceUsage.Tally()
    /// Streams that were opened, whether or not a protocol was agreed on.
    public internal(set) var streamsOpened = ResourceUsage.Tally()
    /// Streams that a limit kept out.
    public internal(set) var streamsRefused: UInt64 = 0
    /// Dials of a peer that failed at all of its addresses.
    public internal(set) var dialsFailed: UInt64 = 0
    /// Callers that a gate or a limit kept out.
    public internal(set) var callersRefused: UInt64 = 0
    /// Callers who did not complete the handshake: gone, without a certificate, with a bad one.
    public internal(set) var callersFailed: UInt64 = 0
}

extension LibP2PHost {
    /// What the host has counted.
    public var statistics: LibP2PStatistics { self.state.withLock { $0.statistics } }

    /// Somebody was not let in, or did not come in.
    func noteFailure(of caller: Multiaddress, because reason: LibP2PError) {
        self.state.withLock { state in
            switch reason.code {
            case .gated, .limitReached: state.statistics.callersRefused &+= 1
            default: state.statistics.callersFailed &+= 1
            }
        }
        self.fan.publish(.inboundFailed(from: caller, reason: reason))
    }
}

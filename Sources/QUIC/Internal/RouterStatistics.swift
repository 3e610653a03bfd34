/// What one router counts.
struct RouterStatistics: Sendable {
    /// Why a datagram was dropped.
    enum DropReason: Int, Sendable, CaseIterable {
        case malformed, unknownConnectionID, retiredConnectionID, notListening, filtered, refused, invalidToken, failed,
            queueFull
    }

    var datagramsReceived: UInt64 = 0
    var bytesReceived: UInt64 = 0
    var rawDatagrams: UInt64 = 0
    var forwarded: UInt64 = 0
    var attempts: UInt64 = 0
    var retries: UInt64 = 0
    var refusals: UInt64 = 0
    var versionNegotiations: UInt64 = 0
    var statelessResets: UInt64 = 0
    var connectionsStarted: UInt64 = 0
    var handshakesCompleted: UInt64 = 0
    var closedLocally: UInt64 = 0
    var closedByPeer: UInt64 = 0
    var timedOut: UInt64 = 0
    var handshakesFailed: UInt64 = 0
    private(set) var dropped = [UInt64](repeating: 0, count: DropReason.allCases.count)

    mutating func drop(_ reason: DropReason) { self.dropped[reason.rawValue] &+= 1 }

    func dropped(_ reason: DropReason) -> UInt64 { self.dropped[reason.rawValue] }

    mutating func noteClose(_ error: QUICError) {
        switch error.code {
        case .idleTimeout, .handshakeTimeout: self.timedOut &+= 1
        case .handshakeFailed, .versionNegotiation, .connectionRefused: self.handshakesFailed &+= 1
        default:
            if error.closedBy == .local { self.closedLocally &+= 1 } else { self.closedByPeer &+= 1 }
        }
    }
}

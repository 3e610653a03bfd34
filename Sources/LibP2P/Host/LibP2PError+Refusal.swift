extension LibP2PError {
    /// What a peer is told when one of our limits or gates keeps its connection out.
    var connectionCode: ConnectionCode {
        switch self.code {
        case .limitReached: self.limit == "inboundConnectionInterval" ? .rateLimited : .resourceLimitExceeded
        case .gated: .gated
        case .protocolViolation, .malformed, .tooLong, .trailingBytes, .notMinimal, .truncated: .protocolViolation
        case .protocolNotSupported: .protocolNegotiationFailed
        case .notRunning: .shutdown
        default: .none
        }
    }

    /// What a peer is told when its stream is given up; the numbers are those of another table.
    var streamCode: StreamCode {
        let code = self.connectionCode
        return code == .none ? .none : StreamCode(rawValue: code.rawValue + 1)
    }
}

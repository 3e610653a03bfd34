/// The receiving part of a stream (RFC 9000 §3.2), as the application sees it:
///
///     receive ──all bytes up to FIN here──► dataReceived ──application read them──► dataRead
///        │                                      │
///        └──────────RESET_STREAM────────────────┴──► resetReceived ──application was told──► resetRead
///
/// ngtcp2 hands bytes over in order, so "size known" and "data received" are one step here.
enum ReceiveState: Equatable, Sendable {
    case receive, dataReceived, dataRead
    case resetReceived(code: UInt64), resetRead(code: UInt64)
    /// We opened the stream and the peer sends nothing on it.
    case absent

    var canReceive: Bool { self == .receive }

    var resetCode: UInt64? {
        switch self {
        case .resetReceived(let code), .resetRead(let code): code
        case .receive, .dataReceived, .dataRead, .absent: nil
        }
    }

    /// Nothing more will come and the application knows it.
    var isFinal: Bool {
        switch self {
        case .dataRead, .resetRead, .absent: true
        case .receive, .dataReceived, .resetReceived: false
        }
    }

    mutating func receiveFIN() -> Bool {
        guard self == .receive else { return false }
        self = .dataReceived
        return true
    }

    mutating func receiveReset(code: UInt64) -> Bool {
        switch self {
        case .receive, .dataReceived:
            self = .resetReceived(code: code)
            return true
        case .dataRead, .resetReceived, .resetRead, .absent:
            return false
        }
    }

    /// The application has read the last byte, or was told of the reset.
    mutating func finishReading() -> Bool {
        switch self {
        case .dataReceived: self = .dataRead
        case .resetReceived(let code): self = .resetRead(code: code)
        case .receive, .dataRead, .resetRead, .absent: return false
        }
        return true
    }
}

internal import QUIC

extension LibP2PError {
    /// The one place where errors of QUIC become errors of libp2p.
    init(_ error: QUICError) {
        self.init(
            Self.code(for: error), Self.words(for: error), applicationCode: error.applicationCode, underlying: error)
    }

    private static func code(for error: QUICError) -> Code {
        switch error.code {
        case .cancelled: .cancelled
        case .streamReset: .streamReset
        case .streamStopped: .streamStopped
        case .streamEnded: .streamEnded
        case .limitReached: .limitReached
        case .invalidConfiguration, .refused: .invalidConfiguration
        case .handshakeFailed: error.closedBy == .peer ? .handshakeRejected : .wrongPeer
        case .handshakeTimeout, .unreachable, .versionNegotiation, .connectionRefused: .unreachable
        case .endpointClosed: .notRunning
        case .nameNotResolved, .socketFailed: .systemFailed
        default: .closed
        }
    }

    private static func words(for error: QUICError) -> String {
        guard error.code == .closed, let code = error.applicationCode else { return error.reason }
        let who = error.closedBy == .peer ? "the peer" : "this host"
        let words = error.underlying.map { $0.reason.isEmpty ? "" : " (\($0.reason))" } ?? ""
        return "\(who) closed the connection: \(ConnectionCode(rawValue: code))\(words)"
    }
}

/// The kinds of packets that a trace tells apart.
enum PacketType: Int, CaseIterable {
    case initial, handshake, zeroRTT, oneRTT, retry, versionNegotiation, statelessReset, unknown

    /// The name that a person reads.
    var name: String {
        switch self {
        case .initial: "Initial"
        case .handshake: "Handshake"
        case .zeroRTT: "0-RTT"
        case .oneRTT: "1-RTT"
        case .retry: "Retry"
        case .versionNegotiation: "Version Negotiation"
        case .statelessReset: "Stateless Reset"
        case .unknown: "unknown"
        }
    }

    init(_ value: JSONValue) {
        let names: [(String, PacketType)] = [
            ("1RTT", .oneRTT), ("initial", .initial), ("handshake", .handshake), ("0RTT", .zeroRTT),
            ("retry", .retry), ("version_negotiation", .versionNegotiation), ("stateless_reset", .statelessReset),
            ("onertt", .oneRTT), ("zerortt", .zeroRTT),
        ]
        self = names.first { value.isText($0.0) }?.1 ?? .unknown
    }

    /// The packet number space (RFC 9000 §12.3); nil where packets have no number.
    var space: Int? {
        switch self {
        case .initial: 0
        case .handshake: 1
        case .zeroRTT, .oneRTT: 2
        default: nil
        }
    }
}

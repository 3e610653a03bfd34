/// What `tern probe` looks at, in the order of the table.
enum ProbeStep: String, CaseIterable, Hashable, Sendable {
    case versions, alpn, time, certificate, retry, resumption, earlyData, keyUpdate, datagrams, migration, rebinding,
        ecn
    case pathMTU, idle, reset

    /// What --steps calls it.
    var name: String {
        switch self {
        case .earlyData: "0rtt"
        case .keyUpdate: "keys"
        case .pathMTU: "mtu"
        default: self.rawValue
        }
    }

    /// What the table calls it.
    var heading: String {
        switch self {
        case .alpn: "protocols"
        case .time: "handshake"
        case .retry: "Retry"
        case .resumption: "resumes"
        case .earlyData: "0-RTT"
        case .keyUpdate: "key update"
        case .ecn: "ECN"
        case .pathMTU: "path MTU"
        case .reset: "reset"
        default: self.rawValue
        }
    }

    static func named(_ name: String) throws -> ProbeStep {
        guard let step = Self.allCases.first(where: { $0.name == name }) else {
            throw UsageError(
                message: "there is no step \(name): \(Self.allCases.map(\.name).joined(separator: ", "))")
        }
        return step
    }
}

import QUIC

/// Whom a certificate is checked against: `--ca`, `--pin` and `--insecure`.
enum CertificateTrust: Sendable {
    case system
    case store(TrustStore)
    case pin(PublicKeyPin)
    /// Everybody is believed.
    case none

    /// `offersNone`: whether the command knows `--insecure`.
    init(_ arguments: inout Arguments, offersNone: Bool = false) throws {
        let (file, pin) = (try arguments.option("--ca"), try arguments.option("--pin"))
        let isInsecure = offersNone && arguments.flag("--insecure")
        switch (file, pin, isInsecure) {
        case (nil, nil, false): self = .system
        case (let file?, nil, false): self = .store(try TrustStore(file: file))
        case (nil, let pin?, false):
            guard let pin = PublicKeyPin(hexadecimal: pin) else {
                throw UsageError(message: "--pin is the 64 digits that tern cert pin or a server printed")
            }
            self = .pin(pin)
        case (nil, nil, true): self = .none
        default:
            throw UsageError(message: "choose one of \(offersNone ? "--ca, --pin and --insecure" : "--ca and --pin")")
        }
    }

    var isNone: Bool { if case .none = self { true } else { false } }

    /// The same for a connection.
    var policy: TrustPolicy {
        switch self {
        case .system: .system
        case .store(let store): .roots(store)
        case .pin(let pin): .pinned([pin])
        case .none: .insecureNoVerification
        }
    }
}

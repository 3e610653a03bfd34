/// Who ended a connection, with which code, and why.
public struct ConnectionCloseReason: Hashable, Sendable, CustomStringConvertible {
    /// What brought the end about.
    public enum ClosedBy: Hashable, Sendable {
        /// We closed it.
        case local
        /// The peer closed it.
        case peer
        /// Nothing was heard for the idle timeout.
        case idleTimeout
        /// The handshake took longer than allowed.
        case handshakeTimeout
        /// The peer has lost the connection's state and said so (RFC 9000 §10.3).
        case statelessReset
        /// The server speaks none of our versions.
        case versionNegotiation
    }

    /// The error code that went over the wire or would have.
    public enum Code: Hashable, Sendable {
        /// A QUIC error of RFC 9000 §20.1; 0x100…0x1ff carry a TLS alert.
        case transport(UInt64)
        /// A code of the application protocol.
        case application(UInt64)
    }

    /// What brought the end about.
    public let closedBy: ClosedBy
    /// The error code; nil where none applies.
    public let code: Code?
    /// The text that came with the code, or an explanation of ours.
    public let reason: String
    /// The versions that the server offered, where that was the reason.
    public let offeredVersions: [QUICVersion]

    init(_ closedBy: ClosedBy, _ code: Code? = nil, reason: String, offeredVersions: [QUICVersion] = []) {
        self.closedBy = closedBy
        self.code = code
        self.reason = reason
        self.offeredVersions = offeredVersions
    }

    /// The TLS alert that ended the handshake, if one did.
    public var tlsAlert: TLSAlert? {
        guard case .transport(let code)? = self.code, code >= 0x100, code <= 0x1ff else { return nil }
        return TLSAlert(UInt8(truncatingIfNeeded: code))
    }

    /// A sentence a person can act on.
    public var description: String {
        let text = self.reason.isEmpty ? "" : ": \(self.reason)"
        switch self.closedBy {
        case .idleTimeout: return "nothing was heard from the peer for the idle timeout"
        case .handshakeTimeout: return "nobody answered: the handshake did not complete in time\(text)"
        case .statelessReset: return "the peer has lost the connection's state, perhaps it was restarted"
        case .versionNegotiation: return "the server speaks none of our QUIC versions\(text)"
        case .local: return "closed by us with \(self.codeText)\(text)"
        case .peer: return "closed by the peer with \(self.codeText)\(text)"
        }
    }

    private var codeText: String {
        switch self.code {
        case nil: "no code"
        case .application(let code)?: "application code \(code)"
        case .transport(let code)?:
            if let alert = self.tlsAlert { "TLS alert \(alert)" } else { Self.transportName(code) }
        }
    }

    /// RFC 9000 §20.1 and RFC 9368 §10.2.
    private static func transportName(_ code: UInt64) -> String {
        let names = [
            "no error", "internal error", "connection refused", "flow control error", "stream limit error",
            "stream state error", "final size error", "frame encoding error", "transport parameter error",
            "connection ID limit error", "protocol violation", "invalid token", "application error",
            "crypto buffer exceeded", "key update error", "AEAD limit reached", "no viable path",
            "version negotiation error",
        ]
        return code < UInt64(names.count) ? names[Int(code)] : "transport code \(code)"
    }
}

/// A TLS alert (RFC 8446 §6), as it ends a QUIC handshake.
public struct TLSAlert: Hashable, Sendable, CustomStringConvertible {
    /// The alert's number.
    public let rawValue: UInt8

    /// Creates an alert from its number.
    public init(_ rawValue: UInt8) { self.rawValue = rawValue }

    /// No cipher suite, group or signature algorithm in common.
    public static let handshakeFailure = TLSAlert(40)
    /// The certificate is broken or its signature wrong.
    public static let badCertificate = TLSAlert(42)
    /// The certificate is of an unusable kind.
    public static let unsupportedCertificate = TLSAlert(43)
    /// The certificate was revoked.
    public static let certificateRevoked = TLSAlert(44)
    /// The certificate's time is over, or has not come yet.
    public static let certificateExpired = TLSAlert(45)
    /// The certificate is not acceptable for another reason.
    public static let certificateUnknown = TLSAlert(46)
    /// A message contradicts itself or what was agreed on.
    public static let illegalParameter = TLSAlert(47)
    /// A fault of the other end's own, or one that it has no better name for.
    static let internalError = TLSAlert(80)
    /// Nobody whom we trust signed the certificate.
    public static let unknownCA = TLSAlert(48)
    /// The certificate is good but does not entitle to this.
    public static let accessDenied = TLSAlert(49)
    /// The server has no certificate for that name.
    public static let unrecognizedName = TLSAlert(112)
    /// A client certificate was required and none was sent.
    public static let certificateRequired = TLSAlert(116)
    /// No application protocol in common.
    public static let noApplicationProtocol = TLSAlert(120)

    /// The alert's name and number.
    public var description: String {
        let names: [UInt8: String] = [
            40: "handshake_failure", 42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
            45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
            49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version", 80: "internal_error",
            109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
            116: "certificate_required", 120: "no_application_protocol",
        ]
        return "\(names[self.rawValue] ?? "alert") (\(self.rawValue))"
    }
}

/// A version of the QUIC protocol.
public struct QUICVersion: Hashable, Sendable, CustomStringConvertible {
    /// The number as it goes over the wire.
    public let rawValue: UInt32

    /// Creates a version from its number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// RFC 9000.
    public static let version1 = QUICVersion(1)
    /// RFC 9369. Needs ngtcp2 1.0 or newer.
    public static let version2 = QUICVersion(0x6b33_43cf)

    /// The version's name, or its number in hexadecimal.
    public var description: String {
        switch self {
        case .version1: "1"
        case .version2: "2"
        default: "0x" + String(self.rawValue, radix: 16)
        }
    }
}

/// How a client does TLS.
///
///     var tls = TLSClientConfiguration(serverName: "example.org", protocols: ["hq-interop"])
///     tls.trust = .roots(try TrustStore(pem: caBundle))
public struct TLSClientConfiguration: Sendable {
    /// The name or the IP address that the server's certificate must be for; also sent as SNI where it is a name.
    public var serverName: String
    /// The application protocols we speak, best first (RFC 7301). At least one: QUIC demands it (RFC 9001 §8.1).
    public var protocols: [String]
    /// Whom to trust. The system's roots unless said otherwise.
    public var trust: TrustPolicy = .system
    /// What to show a server that asks who we are.
    public var identity: TLSIdentity?
    /// Accepts a server that shows a bare public key (RFC 7250). Needs a policy that judges keys: pinned or custom.
    public var acceptsRawPublicKeys = false
    /// A ticket of an earlier connection to this server.
    public var resumption: ResumptionTicket?
    /// Sends data before the server has answered, if the ticket allows. An attacker can replay it.
    public var sendsEarlyData = false
    /// Ciphers and groups.
    public var cryptography = TLSCryptography()
    /// Reports the secrets of the connection as ``ConnectionEvent/keyLog(_:)``. GnuTLS also honours SSLKEYLOGFILE.
    public var logsKeys = false

    /// Creates a configuration that trusts the system's roots.
    public init(serverName: String, protocols: [String]) {
        self.serverName = serverName
        self.protocols = protocols
    }
}

/// How a server does TLS. Values that live connections use are never changed under them.
public struct TLSServerConfiguration: Sendable {
    /// Who must show a certificate besides us.
    public enum ClientAuthentication: Sendable {
        /// Nobody is asked.
        case none
        /// Clients are asked and may decline; one that shows a certificate is judged.
        case requested(TrustPolicy)
        /// Clients without an acceptable certificate are turned away.
        case required(TrustPolicy)
    }

    /// Who we are, and who must say who they are, for one application protocol.
    ///
    ///     tls.terms["libp2p"] = .init(identities: nodeIdentities, clientAuthentication: .required(nodes))
    public struct ProtocolTerms: Sendable {
        /// Who we are. A bare public key is possible only where ``TLSServerConfiguration/identities`` shows one too.
        public var identities: ServerIdentities
        /// Whether clients show certificates. A protocol that asks for them resumes nothing.
        public var clientAuthentication: ClientAuthentication

        /// Creates the terms of one protocol.
        public init(identities: ServerIdentities, clientAuthentication: ClientAuthentication = .none) {
            self.identities = identities
            self.clientAuthentication = clientAuthentication
        }
    }

    /// Who we are, by server name; can be replaced while connections live.
    public var identities: ServerIdentities
    /// The application protocols we speak, best first.
    public var protocols: [String]
    /// Whether clients show certificates.
    public var clientAuthentication: ClientAuthentication = .none
    /// What is different for single protocols: one port serves libp2p, whose peers all show certificates, beside a
    /// protocol that asks nobody.
    public var terms: [String: ProtocolTerms] = [:]
    /// Accepts bare public keys from clients (RFC 7250).
    public var acceptsRawPublicKeys = false
    /// Encrypts session tickets; nil, the default, issues none. Servers with the same key resume each other's sessions.
    ///
    /// A server that asks clients for certificates resumes nothing: every client is judged every time.
    public var ticketKey: SessionTicketKey?
    /// Accepts 0-RTT data, guarded against replay; nil, the default, refuses it. Needs ``ticketKey``.
    public var earlyData: ReplayProtection?
    /// Ciphers and groups.
    public var cryptography = TLSCryptography()
    /// Reports the secrets of connections as ``ConnectionEvent/keyLog(_:)``.
    public var logsKeys = false

    /// Creates a configuration for a server with these identities and protocols.
    public init(identities: ServerIdentities, protocols: [String]) {
        self.identities = identities
        self.protocols = protocols
    }
}

/// Cipher suites and key exchange groups, the preferred first.
public struct TLSCryptography: Hashable, Sendable {
    /// A TLS 1.3 cipher suite.
    public enum Cipher: String, Sendable, CaseIterable {
        /// The fastest where the processor knows AES.
        case aes128GCM = "AES-128-GCM"
        /// Longer keys, a little slower.
        case aes256GCM = "AES-256-GCM"
        /// For processors without AES.
        case chacha20Poly1305 = "CHACHA20-POLY1305"
    }

    /// A key exchange group.
    public enum Group: String, Sendable, CaseIterable {
        /// Curve25519, the fastest.
        case x25519 = "X25519"
        /// NIST P-256.
        case p256 = "SECP256R1"
        /// NIST P-384.
        case p384 = "SECP384R1"
        /// NIST P-521.
        case p521 = "SECP521R1"
    }

    /// AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305.
    public var ciphers: [Cipher] = [.aes128GCM, .aes256GCM, .chacha20Poly1305]
    /// X25519, P-256, P-384, P-521.
    public var groups: [Group] = [.x25519, .p256, .p384, .p521]

    /// Creates the defaults.
    public init() {}

    /// GnuTLS's notation. Compatibility mode is off: QUIC forbids its dummy messages (RFC 9001 §8.4).
    func priority(certificateTypes: [String]) -> String {
        let parts =
            ["NORMAL", "-VERS-ALL", "+VERS-TLS1.3", "-CIPHER-ALL"] + self.ciphers.map { "+\($0.rawValue)" }
            + ["-GROUP-ALL"] + self.groups.map { "+GROUP-\($0.rawValue)" }
            + (certificateTypes.isEmpty ? [] : ["-CTYPE-ALL"] + certificateTypes.map { "+CTYPE-\($0)" })
        return parts.joined(separator: ":") + ":%DISABLE_TLS13_COMPAT_MODE"
    }
}

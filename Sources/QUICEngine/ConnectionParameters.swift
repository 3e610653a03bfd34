/// What a client engine is made of, besides the configuration.
public struct ClientAttempt: Sendable {
    /// The route of the first packets.
    public var path: NetworkPath
    /// How TLS is done.
    public var tls: TLSClientConfiguration
    /// Numbers and choices.
    public var configuration: EngineConfiguration
    /// The version of the first packet: version 1 unless a ticket is for another, or a server refused it.
    public var version: QUICVersion = .version1
    /// The version of an earlier attempt that Version Negotiation ended (RFC 9368 §4 guards against downgrades with it).
    public var originalVersion: QUICVersion?
    /// A token of an earlier connection (``ConnectionEvent/addressToken(_:)``): spares a round trip where Retry is on.
    public var token: [UInt8] = []
    /// Makes our connection IDs.
    public var generator: any ConnectionIDGenerator = RandomConnectionIDGenerator()
    /// Derives the reset tokens that the server is told; random for every attempt unless given.
    public var resetSecret: [UInt8] = []

    /// Creates an attempt.
    public init(path: NetworkPath, tls: TLSClientConfiguration, configuration: EngineConfiguration = .defaults()) {
        self.path = path
        self.tls = tls
        self.configuration = configuration
        let known = configuration.versions.filter(EngineLibrary.versions.contains)
        if let first = known.first, !known.contains(.version1) { self.version = first }
        // A server that gave a ticket in a version speaks it, and the ticket is good in no other.
        if let version = tls.resumption?.version, known.contains(version) { self.version = version }
    }

    /// The ticket, where it is for this server (RFC 8446 §4.6.1) and this version (RFC 9369 §5).
    var usableTicket: ResumptionTicket? {
        guard let ticket = self.tls.resumption, ticket.serverName == self.tls.serverName,
            ticket.version == self.version,
            self.tls.protocols.contains(ticket.applicationProtocol), ticket.trust == self.tls.trust.fingerprint
        else { return nil }
        return ticket
    }

    /// The attempt that follows when Version Negotiation ended the first, or nil if we speak none of the versions.
    public func retrying(with offered: [QUICVersion]) -> ClientAttempt? {
        guard self.originalVersion == nil,
            let version = self.configuration.versions.first(where: {
                $0 != self.version && offered.contains($0) && EngineLibrary.versions.contains($0)
            })
        else { return nil }
        var next = self
        next.originalVersion = self.version
        next.version = version
        return next
    }
}

/// What a server engine is made of, besides the configuration.
public struct ServerAcceptance: Sendable {
    /// The client's first packet.
    public var initial: InitialPacket
    /// The route it came on, seen from us.
    public var path: NetworkPath
    /// How TLS is done.
    public var tls: TLSServerConfiguration
    /// Numbers and choices.
    public var configuration: EngineConfiguration
    /// Makes our connection IDs.
    public var generator: any ConnectionIDGenerator = RandomConnectionIDGenerator()
    /// Derives reset tokens from connection IDs; the same after a restart, so that resets are understood.
    public var resetSecret: [UInt8]
    /// Set when the packet carries a valid Retry token: the ID that the client chose first.
    public var retriedFrom: ConnectionID?
    /// Whether the packet's token, a valid NEW_TOKEN one, proves the client's address.
    public var addressIsValidated = false
    /// Where clients should move once connected (RFC 9000 §9.6).
    public var preferredAddress: PreferredAddress?
    /// Makes the token that the client is given for its next visit; nil gives it none.
    public var makeToken: (@Sendable (NetworkAddress) -> [UInt8])?

    /// Creates an acceptance of `initial`.
    public init(
        _ initial: InitialPacket, path: NetworkPath, tls: TLSServerConfiguration,
        configuration: EngineConfiguration = .defaults(), resetSecret: [UInt8]
    ) {
        self.initial = initial
        self.path = path
        self.tls = tls
        self.configuration = configuration
        self.resetSecret = resetSecret
    }
}

/// Addresses that a server would rather be reached at.
public struct PreferredAddress: Hashable, Sendable {
    /// For clients that came over IPv4.
    public var ipv4: NetworkAddress?
    /// For clients that came over IPv6.
    public var ipv6: NetworkAddress?

    /// Creates a pair of addresses, each of its own family.
    public init(ipv4: NetworkAddress? = nil, ipv6: NetworkAddress? = nil) {
        self.ipv4 = ipv4?.family == .ipv4 ? ipv4 : nil
        self.ipv6 = ipv6?.family == .ipv6 ? ipv6 : nil
    }
}

/// What the handshake agreed on.
public struct HandshakeSummary: Hashable, Sendable {
    /// The application protocol.
    public let applicationProtocol: String
    /// The QUIC version.
    public let version: QUICVersion
    /// The cipher suite, in GnuTLS's words.
    public let cipher: String
    /// The key exchange group, in GnuTLS's words.
    public let group: String
    /// Whether the server sent a Retry first: the client had to show that its address is its own (RFC 9000 §8.1.2).
    public let didRetry: Bool
    /// Whether an earlier session was resumed.
    public let isResumed: Bool
    /// Whether 0-RTT data was accepted.
    public let acceptedEarlyData: Bool
    /// The name that the client asked for; nil where it named none.
    public let serverName: String?
    /// What the peer showed; nil where nothing was asked, or where a session was resumed.
    public let peerCertificate: PeerCertificate?
}

/// A run of equally long datagrams to send at once: what UDP_SEGMENT takes.
public struct TransmitRun: Hashable, Sendable {
    /// Where in the buffer the run begins.
    public let offset: Int
    /// How many bytes it has in all.
    public internal(set) var count: Int
    /// How long each datagram is; the last may be shorter.
    public let segmentSize: Int
    /// The route to send it on.
    public let path: NetworkPath
    /// How to mark it.
    public let ecn: ECN

    /// Whether packets behind it can go out in the same call: only the last of a run may be shorter.
    func joins(_ segmentSize: Int, packets: Int, on path: NetworkPath, _ ecn: ECN) -> Bool {
        guard self.count % self.segmentSize == 0, self.ecn == ecn, self.path == path else { return false }
        return segmentSize == self.segmentSize || (packets == 1 && segmentSize < self.segmentSize)
    }

    /// How many datagrams it is.
    public var datagrams: Int { (self.count + self.segmentSize - 1) / max(self.segmentSize, 1) }
}

/// What a client needs to resume a session: one opaque value to store and to give back.
///
///     store[server] = ticket.bytes
///     // … for the next connection:
///     tls.resumption = store[server].flatMap(ResumptionTicket.init)
public struct ResumptionTicket: Hashable, Sendable {
    /// The value to store. It holds secrets of the session: store it where only you can read it.
    public let bytes: [UInt8]

    /// Whether the server allows 0-RTT data with it.
    public let allowsEarlyData: Bool
    /// The name of the server that gave it.
    public let serverName: String
    /// The application protocol of the session.
    public let applicationProtocol: String
    /// The version of the session: a ticket of one version is of no use in another (RFC 9369 §5).
    public let version: QUICVersion

    let session: [UInt8]
    let transportParameters: [UInt8]
    /// The policy that let the server in.
    let trust: [UInt8]

    /// Reads a stored value. Returns nil where it is damaged or from an incompatible release: connect without it.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let magic = reader.bytes(Self.magic.count), magic == Self.magic,
            let flags = reader.byte(), flags <= 1, let version = reader.uint32(),
            let name = reader.counted(), let proto = reader.counted(), let parameters = reader.counted(),
            let trust = reader.counted(), let session = reader.counted(), reader.isAtEnd, !session.isEmpty
        else { return nil }
        self.bytes = bytes
        self.allowsEarlyData = flags == 1
        self.version = QUICVersion(version)
        self.serverName = String(decoding: name, as: UTF8.self)
        self.applicationProtocol = String(decoding: proto, as: UTF8.self)
        self.transportParameters = parameters
        self.trust = trust
        self.session = session
    }

    init(
        serverName: String, applicationProtocol: String, version: QUICVersion, allowsEarlyData: Bool,
        transportParameters: [UInt8], trust: [UInt8], session: [UInt8]
    ) {
        self.serverName = serverName
        self.applicationProtocol = applicationProtocol
        self.version = version
        self.allowsEarlyData = allowsEarlyData
        self.transportParameters = transportParameters
        self.trust = trust
        self.session = session
        var bytes = Self.magic + [allowsEarlyData ? 1 : 0]
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: version.rawValue >> UInt32(24 - 8 * $0)) }
        for part in [Array(serverName.utf8), Array(applicationProtocol.utf8), transportParameters, trust, session] {
            let count = min(part.count, 0xffff)
            bytes += [UInt8(count >> 8), UInt8(count & 0xff)] + part.prefix(count)
        }
        self.bytes = bytes
    }

    /// Names the form of the value; another form will have another name.
    private static let magic = Array("TERN1".utf8)
}

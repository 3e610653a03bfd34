/// The keys that a server must keep across a restart, and share with its fleet, to be one server to its clients.
///
///     let keys = try EndpointKeys(secret: secretOfTheFleet)  // the same on every server
///     listener.tls.ticketKey = keys.ticketKey
///     let next = try keys.rotated(to: nextSecret)  // tokens made before are still good
///
/// All are derived from one secret (HKDF with SHA-256, RFC 5869), each under a name of its own. Whoever has the secret
/// can make tokens, reset connections and read resumed sessions.
public struct EndpointKeys: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The fewest bytes a secret may have.
    public static let minimumSecretLength = 32

    /// Make and check the tokens of Retry and NEW_TOKEN (RFC 9000 §8.1): this secret's, and the one's before it.
    public let tokenKeys: TokenKeys
    /// Derives stateless reset tokens (RFC 9000 §10.3.2). It outlives rotations, as the IDs do that it was used for.
    ///
    /// Servers that could get each other's packets for the same ID while it is in use must not share it (§21.11).
    public let resetSecret: [UInt8]
    /// Encrypts session tickets. Rotation makes older ones useless: those clients do a full handshake.
    public let ticketKey: SessionTicketKey

    private let secret: [UInt8]
    private let previous: [UInt8]?

    /// Makes keys that nobody else has: those of a server that stands alone.
    public static func random() throws(EngineError) -> EndpointKeys {
        try EndpointKeys(secret: KeyDerivation.randomBytes(Self.minimumSecretLength))
    }

    /// Derives the keys from a secret, 32 random bytes or more; the same secret gives the same keys everywhere.
    public init(secret: [UInt8]) throws(EngineError) {
        try self.init(secret: secret, previous: nil, resetSecret: nil)
    }

    /// The keys of the next secret, which still accept tokens of this one's, and reset what this one's can.
    public func rotated(to next: [UInt8]) throws(EngineError) -> EndpointKeys {
        guard next != self.secret else { return self }
        return try EndpointKeys(secret: next, previous: self.secret, resetSecret: self.resetSecret)
    }

    /// Everything, to store where only the server can read it, or to give to the rest of the fleet after a rotation.
    public var bytes: [UInt8] {
        var bytes = Self.magic
        for part in [self.secret, self.previous ?? [], self.resetSecret] {
            bytes += [UInt8(truncatingIfNeeded: part.count >> 8), UInt8(truncatingIfNeeded: part.count)] + part
        }
        return bytes
    }

    /// Reads stored keys; nil where they are damaged.
    public init?(bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.bytes(Self.magic.count) == Self.magic, let secret = reader.counted(),
            let previous = reader.counted(), let resetSecret = reader.counted(), reader.isAtEnd,
            previous.isEmpty || previous.count >= Self.minimumSecretLength, resetSecret.count == 32,
            let keys = try? EndpointKeys(
                secret: secret, previous: previous.isEmpty ? nil : previous, resetSecret: resetSecret)
        else { return nil }
        self = keys
    }

    private init(secret: [UInt8], previous: [UInt8]?, resetSecret: [UInt8]?) throws(EngineError) {
        guard secret.count >= Self.minimumSecretLength, secret.count <= 0xffff else {
            throw EngineError(
                .invalidConfiguration,
                "the secret has \(secret.count) bytes and needs \(Self.minimumSecretLength) to 65535 random ones: make it with `head -c 32 /dev/urandom`"
            )
        }
        self.secret = secret
        self.previous = previous
        self.tokenKeys = TokenKeys(
            current: KeyDerivation.key(from: secret, label: "address tokens", count: 32),
            previous: previous.map { KeyDerivation.key(from: $0, label: "address tokens", count: 32) })
        self.resetSecret = resetSecret ?? KeyDerivation.key(from: secret, label: "stateless reset", count: 32)
        guard
            let ticketKey = SessionTicketKey(
                bytes: KeyDerivation.key(from: secret, label: "session tickets", count: 64))
        else { throw EngineError(.refusedByLibrary, "GnuTLS can't derive keys (HKDF with SHA-256)") }
        self.ticketKey = ticketKey
    }

    /// How many generations there are; never the keys.
    public var description: String { "EndpointKeys(\(self.previous == nil ? 1 : 2) generations)" }
    /// As ``description``, so that a debugger's or a log's print does not give the keys away.
    public var debugDescription: String { self.description }

    private static let magic = Array("TERNK1".utf8)
}

internal import CNGTCP2

/// Packets that need no connection, made and read by pure functions: what an acceptor is built from.
public enum StatelessPacket {
    /// What the clear part of a datagram's first packet says.
    public enum Header: Equatable, Sendable {
        /// A short header, addressed to `destination`.
        case short(destination: ConnectionID)
        /// A long header of a version that we speak.
        case long(version: QUICVersion, destination: ConnectionID, source: ConnectionID)
        /// A long header of a version that we do not speak: the answer is Version Negotiation.
        case unknownVersion(destination: [UInt8], source: [UInt8])
    }

    /// Reads a header whose short form carries an ID of `localIDLength` bytes. nil: this is not QUIC.
    public static func header(of datagram: RawSpan, localIDLength: Int) -> Header? {
        guard datagram.byteCount > 0 else { return nil }
        if datagram.byte(at: 0) & 0x80 == 0 {
            guard let id = ConnectionID(datagram, offset: 1, count: localIDLength) else { return nil }
            return .short(destination: id)
        }
        var parsed = unsafe ngtcp2_version_cid()
        let result = unsafe datagram.withUnsafeBytes { raw in
            unsafe ngtcp2_pkt_decode_version_cid(
                &parsed, raw.baseAddress?.assumingMemoryBound(to: UInt8.self), raw.count, localIDLength)
        }
        guard result == 0 || result == CInt(NGTCP2_ERR_VERSION_NEGOTIATION) else { return nil }
        let destination = unsafe Array(UnsafeBufferPointer(start: parsed.dcid, count: parsed.dcidlen))
        let source = unsafe Array(UnsafeBufferPointer(start: parsed.scid, count: parsed.scidlen))
        let version = QUICVersion(unsafe parsed.version)
        // Old libraries know drafts: to us those are unknown.
        guard version.rawValue == 0 || EngineLibrary.versions.contains(version) else {
            return .unknownVersion(destination: destination, source: source)
        }
        guard let destination = ConnectionID(destination), let source = ConnectionID(source) else { return nil }
        return .long(version: version, destination: destination, source: source)
    }

    /// RFC 8999 §6: offers our versions, and a made-up one so that clients must skip what they do not know.
    public static func versionNegotiation(
        destination: [UInt8], source: [UInt8], versions: [QUICVersion], random: any Randomness
    ) -> [UInt8] {
        let bits = random.next()
        let grease = UInt32(truncatingIfNeeded: bits >> 32) & 0xf0f0_f0f0 | 0x0a0a_0a0a
        let offered = [grease] + versions.map(\.rawValue)
        return unsafe [UInt8](unsafeUninitializedCapacity: 1_200) { buffer, count in
            // The IDs swap roles: what the client called its own is where the answer goes.
            let written = unsafe ngtcp2_pkt_write_version_negotiation(
                buffer.baseAddress, buffer.count, UInt8(truncatingIfNeeded: bits), source, source.count, destination,
                destination.count,
                offered, offered.count)
            count = max(written, 0)
        }
    }

    /// RFC 9000 §10.3: an answer to a packet of `triggerSize` bytes for a connection that is not known (any more).
    ///
    /// Empty where the trigger was too small: the answer must be smaller, or two endpoints could go on for ever.
    public static func statelessReset(
        token: StatelessResetToken, triggerSize: Int, random: any Randomness
    ) -> [UInt8] {
        let size = min(triggerSize - 1, 41)
        guard size >= 21 else { return [] }
        var noise = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        noise[0] = noise[0] & 0x3f | 0x40
        return Array(noise.dropLast(16)) + token.bytes
    }

    /// RFC 9000 §17.2.5: asks the client to come again with `token`, addressed to `retrySource`.
    public static func retry(
        for initial: InitialPacket, retrySource: ConnectionID, token: [UInt8]
    ) -> [UInt8] {
        // The library asserts both.
        guard !token.isEmpty, retrySource != initial.destination else { return [] }
        var client = initial.source.cValue
        var server = retrySource.cValue
        var original = initial.destination.cValue
        return unsafe [UInt8](unsafeUninitializedCapacity: 1_200) { buffer, count in
            let written = unsafe ngtcp2_crypto_write_retry(
                buffer.baseAddress, buffer.count, initial.version.rawValue, &client, &server, &original, token,
                token.count)
            count = max(written, 0)
        }
    }

    /// Refuses an attempt without keeping any state for it (RFC 9000 §5.2.2): 0x02 refused, 0x0b invalid token.
    public static func refusal(of initial: InitialPacket, code: UInt64 = 0x02, reason: String = "") -> [UInt8] {
        var client = initial.source.cValue
        var server = initial.destination.cValue
        let text = ConnectionEngine.cut(reason)
        return unsafe [UInt8](unsafeUninitializedCapacity: 1_200) { buffer, count in
            let written = unsafe ngtcp2_crypto_write_connection_close(
                buffer.baseAddress, buffer.count, initial.version.rawValue, &client, &server, min(code, 1 << 62 - 1),
                text, text.count)
            count = max(written, 0)
        }
    }
}

/// The header of a datagram that may open a connection.
public struct InitialPacket: Hashable, Sendable {
    /// The version that the client starts with.
    public let version: QUICVersion
    /// The ID that the client chose for us.
    public let destination: ConnectionID
    /// The ID that the client wants to be called by.
    public let source: ConnectionID
    /// The token it brought, empty where it has none.
    public let token: [UInt8]

    /// Reads a datagram. Throws where it can't open a connection: too small, damaged, or something else.
    public init(_ datagram: RawSpan) throws(EngineError) {
        var header = unsafe tern_initial_header()
        let (result, token) = unsafe datagram.withUnsafeBytes { raw in
            let bytes = unsafe raw.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let result = unsafe tern_accept(bytes, raw.count, &header)
            return unsafe (
                result, result == 0 ? Array(UnsafeBufferPointer(start: header.token, count: header.token_length)) : []
            )
        }
        guard result == 0 else {
            throw EngineError(
                .notAnInitialPacket, "this datagram does not open a connection: \(LibraryResult(result).text)")
        }
        self.version = QUICVersion(unsafe header.version)
        self.destination = ConnectionID(unsafe header.dcid)
        self.source = ConnectionID(unsafe header.scid)
        self.token = token
    }
}

extension StatelessResetToken {
    /// The token of `id` under a secret that only the server, or its fleet, knows (RFC 9000 §10.3.2).
    public init(secret: [UInt8], id: ConnectionID) {
        var cid = id.cValue
        var bytes = [UInt8](repeating: 0, count: 16)
        _ = unsafe ngtcp2_crypto_generate_stateless_reset_token(&bytes, secret, secret.count, &cid)
        self = StatelessResetToken(bytes) ?? StatelessResetToken(high: 0, low: 0)
    }
}

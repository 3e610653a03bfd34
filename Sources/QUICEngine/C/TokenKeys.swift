internal import CNGTCP2

/// Makes and checks address tokens (RFC 9000 §8.1). Tokens of the previous key stay good after a change.
///
///     var keys = TokenKeys(current: secret)
///     let token = keys.makeAddressToken(for: client, now: wallClock)
///     keys.rotate(to: nextSecret)
///     assert(keys.checkAddressToken(token, from: client, now: wallClock))
public struct TokenKeys: Hashable, Sendable {
    /// How long a client may take to come again after Retry: ten seconds.
    public var retryLifetime: Duration = .seconds(10)
    /// How long a NEW_TOKEN token is good: a week.
    public var addressLifetime: Duration = .seconds(7 * 86_400)
    private var current: [UInt8]
    private var previous: [UInt8]?

    /// Uses `current`, at least sixteen secret bytes; tokens made with `previous` are still accepted.
    public init(current: [UInt8], previous: [UInt8]? = nil) {
        self.current = current
        self.previous = previous
    }

    /// Takes another key into use. Tokens of the one before the last become useless.
    public mutating func rotate(to next: [UInt8]) {
        self.previous = self.current
        self.current = next
    }

    /// What a Retry token says.
    public enum RetryVerdict: Equatable, Sendable {
        /// The client is where it says it is; it first called us `originalDestination`.
        case valid(originalDestination: ConnectionID)
        /// No Retry token: treat the client as if it had brought none.
        case unknown
        /// A Retry token that is false, too old or for somebody else: RFC 9000 §8.1.3 says to refuse with INVALID_TOKEN.
        case invalid
    }

    /// Makes a token for a Retry packet. `now` is wall-clock time, so that tokens survive a restart.
    public func makeRetryToken(
        for initial: InitialPacket, from remote: NetworkAddress, retrySource: ConnectionID, now: EngineInstant
    ) -> [UInt8] {
        var address = remote.cValue
        var source = retrySource.cValue
        var original = initial.destination.cValue
        return unsafe [UInt8](unsafeUninitializedCapacity: tern_max_retry_token_length) { buffer, count in
            let written = unsafe tern_make_retry_token(
                buffer.baseAddress, self.current, self.current.count, initial.version.rawValue, &address, &source,
                &original,
                now.nanoseconds)
            count = max(written, 0)
        }
    }

    /// Checks the token of an Initial packet that came from `remote`.
    public func checkRetryToken(of initial: InitialPacket, from remote: NetworkAddress, now: EngineInstant)
        -> RetryVerdict
    {
        // 0xb6 and, since 1.9, 0xb7: other tokens are not worth a decryption.
        guard let magic = initial.token.first, magic & 0xfe == UInt8(NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY) else {
            return .unknown
        }
        var address = remote.cValue
        var destination = initial.destination.cValue
        for key in [self.current, self.previous].compactMap({ $0 }) {
            var original = ngtcp2_cid()
            let result = unsafe tern_check_retry_token(
                &original, initial.token, initial.token.count, key, key.count, initial.version.rawValue, &address,
                &destination,
                self.retryLifetime.clampedNanoseconds, now.nanoseconds)
            if result == 0 { return .valid(originalDestination: ConnectionID(original)) }
        }
        return .invalid
    }

    /// Makes a token for a NEW_TOKEN frame: the client may show it when it comes again, from any port.
    public func makeAddressToken(for remote: NetworkAddress, now: EngineInstant) -> [UInt8] {
        var address = remote.withPort(0).cValue
        return unsafe [UInt8](unsafeUninitializedCapacity: tern_max_regular_token_length) { buffer, count in
            let written = unsafe tern_make_address_token(
                buffer.baseAddress, self.current, self.current.count, &address, now.nanoseconds)
            count = max(written, 0)
        }
    }

    /// Whether the token proves that a client at `remote` was there before.
    public func checkAddressToken(_ token: [UInt8], from remote: NetworkAddress, now: EngineInstant) -> Bool {
        guard token.first == UInt8(NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR) else { return false }
        var address = remote.withPort(0).cValue
        return [self.current, self.previous].compactMap { $0 }.contains { key in
            unsafe tern_check_address_token(
                token, token.count, key, key.count, &address, self.addressLifetime.clampedNanoseconds, now.nanoseconds)
                == 0
        }
    }
}

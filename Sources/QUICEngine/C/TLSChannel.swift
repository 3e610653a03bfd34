internal import CNGTCP2

/// TLS 1.3 over a stream of bytes, without the stream: encrypted bytes go in and out of buffers, and both sides show a
/// certificate. For what is carried inside a stream of another connection.
///
/// Not for two tasks at once: guard it with a lock.
@safe package final class TLSChannel {
    /// Which side of the handshake this is.
    package enum Role: Sendable {
        case client, server
    }

    /// What came out of the encrypted bytes so far.
    package enum Reading: Equatable, Sendable {
        case bytes([UInt8])
        /// Feed more with ``TLSChannel/receive(_:)`` and ask again.
        case needsInput
        /// The peer has said that nothing follows.
        case end
    }

    /// The most plaintext that one record holds (RFC 8446 §5.1).
    package static let maximumRecord = 16_384
    /// The most bytes that may wait to be decrypted: two records with their overhead.
    package static let maximumInput = 2 * (maximumRecord + 256 + 5)

    /// The most bytes that lead to nothing, in the handshake and later: GnuTLS would keep a message of 16 MB.
    package static let maximumSilence = 65_536

    private let handle: OpaquePointer
    /// GnuTLS only borrows the credentials.
    private let identity: TLSIdentity
    private let verifier: PeerVerifier
    private var incoming: [UInt8] = []
    private var readPosition = 0
    private var isInputOver = false
    /// What has come since the last data, or since the beginning.
    private var silentBytes = 0
    private var outgoing: [UInt8] = []
    /// Whether the handshake is complete: on this side, which for a client is before the server has judged it.
    package private(set) var isEstablished = false
    /// Whether the peer has sent data, and so found nothing wrong with us.
    package private(set) var hasReceivedData = false
    private var failure: TLSChannelError?

    /// `protocols` are offered or accepted (ALPN); `trust` decides on the certificate of the peer, and at once.
    package init(
        _ role: Role, identity: TLSIdentity, protocols: [String], trust: TrustPolicy
    ) throws(EngineError) {
        let flags = role == .client ? tern_tls_channel_client : tern_tls_channel_server
        unsafe self.handle = try TLSSession.start(
            flags, TLSCryptography(), [], protocols, identity)
        self.identity = identity
        self.verifier = PeerVerifier(
            policy: trust, expectedName: nil, peerIsServer: role == .client, isOptional: false)
        unsafe tern_channel_set_owner(self.handle, Unmanaged.passUnretained(self).toOpaque())
        if role == .server { unsafe gnutls_certificate_server_set_request(self.handle, GNUTLS_CERT_REQUIRE) }
        self.installHooks()
    }

    deinit { unsafe gnutls_deinit(self.handle) }

    /// What the peer has shown.
    package var peerCertificate: PeerCertificate? { self.verifier.peer }

    /// Whether ``receive(_:)`` takes `count` bytes more.
    package func hasRoom(for count: Int) -> Bool {
        self.incoming.count - self.readPosition <= Self.maximumInput - count
    }

    /// Takes encrypted bytes of the peer. Too many at once are a mistake of the caller's, and end the channel.
    package func receive(_ encrypted: [UInt8]) throws(TLSChannelError) {
        guard encrypted.count <= Self.maximumInput, self.hasRoom(for: encrypted.count) else {
            throw self.fail(TLSChannelError(alert: nil, isFromPeer: false, "too many encrypted bytes wait"))
        }
        self.silentBytes += encrypted.count
        guard self.silentBytes <= Self.maximumSilence else {
            throw self.fail(TLSChannelError(alert: nil, isFromPeer: false, "the peer says too much and sends no data"))
        }
        if self.readPosition == self.incoming.count {
            self.incoming.removeAll(keepingCapacity: true)
            self.readPosition = 0
        }
        self.incoming += encrypted
    }

    /// The stream below has ended.
    package func endInput() { self.isInputOver = true }

    /// Goes on with the handshake; true once it is complete. Otherwise it needs more bytes of the peer.
    package func advance() throws(TLSChannelError) -> Bool {
        if let failure = self.failure { throw failure }
        if self.isEstablished { return true }
        let result = unsafe gnutls_handshake(self.handle)
        if result == 0 {
            self.isEstablished = true
            self.silentBytes = 0
            return true
        }
        guard gnutls_error_is_fatal(result) != 0 else { return false }
        throw self.end(result)
    }

    /// Decrypts what has arrived: at most `maximum` bytes.
    package func read(maximum: Int) throws(TLSChannelError) -> Reading {
        if let failure = self.failure { throw failure }
        while true {
            let waiting = self.incoming.count - self.readPosition
            var bytes = [UInt8](repeating: 0, count: min(max(maximum, 1), Self.maximumRecord))
            let result = unsafe bytes.withUnsafeMutableBytes {
                unsafe gnutls_record_recv(self.handle, $0.baseAddress, $0.count)
            }
            if result > 0 {
                self.silentBytes = self.incoming.count - self.readPosition
                self.hasReceivedData = true
                return .bytes(Array(bytes.prefix(result)))
            }
            if result == 0 { return .end }
            let code = CInt(clamping: result)
            guard code == GNUTLS_E_AGAIN || code == GNUTLS_E_WARNING_ALERT_RECEIVED else { throw self.end(code) }
            // It also asks for more where it has dealt with a message that carries no data, such as a change of keys.
            guard self.incoming.count - self.readPosition < waiting else { return .needsInput }
        }
    }

    /// Encrypts `bytes`, at most ``maximumRecord`` of them; the result is in ``takeOutput()``.
    package func write(_ bytes: ArraySlice<UInt8>) throws(TLSChannelError) {
        if let failure = self.failure { throw failure }
        var rest = bytes
        while !rest.isEmpty {
            let result = unsafe rest.withUnsafeBytes {
                unsafe gnutls_record_send(self.handle, $0.baseAddress, $0.count)
            }
            guard result > 0 else { throw self.end(CInt(clamping: result)) }
            rest = rest.dropFirst(result)
        }
    }

    /// Says that nothing follows (RFC 8446 §6.1). The peer may go on sending.
    package func close() {
        guard self.isEstablished, self.failure == nil else { return }
        unsafe gnutls_bye(self.handle, GNUTLS_SHUT_WR)
    }

    /// What is to be sent to the peer, also after an error: the alert.
    package func takeOutput() -> [UInt8] {
        defer { self.outgoing = [] }
        return self.outgoing
    }

    private func end(_ code: CInt) -> TLSChannelError {
        if code == GNUTLS_E_FATAL_ALERT_RECEIVED {
            let alert = unsafe TLSAlert(UInt8(truncatingIfNeeded: gnutls_alert_get(self.handle).rawValue))
            return self.fail(TLSChannelError(alert: alert, isFromPeer: true, "the peer ended TLS: \(alert)"))
        }
        if code == GNUTLS_E_PREMATURE_TERMINATION {
            return self.fail(TLSChannelError(alert: nil, isFromPeer: true, "the peer went away without a farewell"))
        }
        let alert: TLSAlert
        let reason: String
        if let rejection = self.verifier.rejection {
            (alert, reason) = rejection
        } else {
            var level: CInt = 0
            alert = TLSAlert(UInt8(truncatingIfNeeded: unsafe gnutls_error_to_alert(code, &level)))
            reason = describe(gnutls: code)
        }
        unsafe gnutls_alert_send(
            self.handle, GNUTLS_AL_FATAL, gnutls_alert_description_t(rawValue: CUnsignedInt(alert.rawValue)))
        return self.fail(TLSChannelError(alert: alert, isFromPeer: false, reason))
    }

    private func fail(_ error: TLSChannelError) -> TLSChannelError {
        self.failure = error
        return error
    }

    private func installHooks() {
        unsafe gnutls_session_set_verify_function(self.handle) { session in
            guard let channel = unsafe TLSChannel.owner(tern_channel_owner(session)) else {
                return CInt(GNUTLS_E_CERTIFICATE_ERROR)
            }
            return unsafe channel.verifier.verify(session) { _ in }
        }
        unsafe gnutls_transport_set_push_function(self.handle) { owner, bytes, count in
            guard let channel = unsafe TLSChannel.owner(owner), let bytes = unsafe bytes else { return -1 }
            unsafe channel.outgoing.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
            return count
        }
        unsafe gnutls_transport_set_pull_function(self.handle) { owner, buffer, count in
            guard let channel = unsafe TLSChannel.owner(owner), let buffer = unsafe buffer else { return -1 }
            return unsafe channel.pull(UnsafeMutableRawBufferPointer(start: buffer, count: count))
        }
        unsafe gnutls_transport_set_pull_timeout_function(self.handle) { owner, _ in
            guard let channel = unsafe TLSChannel.owner(owner) else { return -1 }
            return channel.readPosition < channel.incoming.count || channel.isInputOver ? 1 : 0
        }
    }

    private static func owner(_ pointer: UnsafeMutableRawPointer?) -> TLSChannel? {
        unsafe pointer.map { unsafe Unmanaged<TLSChannel>.fromOpaque($0).takeUnretainedValue() }
    }

    private func pull(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let available = self.incoming[self.readPosition...].prefix(buffer.count)
        guard !available.isEmpty else { return self.isInputOver ? 0 : unsafe tern_channel_wait(self.handle) }
        unsafe buffer.copyBytes(from: available)
        self.readPosition += available.count
        return available.count
    }
}

/// Why a TLS channel ended.
package struct TLSChannelError: Error, Hashable, Sendable {
    /// The alert that went over the wire, if one did.
    package let alert: TLSAlert?
    /// Whether the peer ended it.
    package let isFromPeer: Bool
    /// In words.
    package let reason: String

    init(alert: TLSAlert?, isFromPeer: Bool, _ reason: String) {
        self.alert = alert
        self.isFromPeer = isFromPeer
        self.reason = reason
    }
}

internal import CNGTCP2

// What GnuTLS calls during the handshake. Like all call-backs these only record, or answer from values.

/// GNUTLS_HANDSHAKE_ANY, a cast that Swift does not read.
private let anyMessage = CUnsignedInt.max
/// The certificate itself, and the proof of its key, for which GnuTLS reads the certificate again.
private let certificateMessages = [
    GNUTLS_HANDSHAKE_CERTIFICATE_PKT.rawValue, GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY.rawValue,
]

private func context(_ session: OpaquePointer?) -> CallbackContext? {
    guard let owner = unsafe tern_session_owner(session) else { return nil }
    return unsafe Unmanaged<CallbackContext>.fromOpaque(owner).takeUnretainedValue()
}

extension TLSSession {
    func installHooks(logsKeys: Bool, isServer: Bool) {
        unsafe gnutls_session_set_verify_function(self.handle) { session in
            guard let context = unsafe context(session), let verifier = context.verifier else {
                return CInt(GNUTLS_E_CERTIFICATE_ERROR)
            }
            return unsafe verifier.verify(session) { context.record(.verificationNeeded($0)) }
        }
        if logsKeys {
            unsafe gnutls_session_set_keylog_function(self.handle) { session, label, secret in
                guard let context = unsafe context(session), let label = unsafe label, let secret = unsafe secret else {
                    return 0
                }
                context.record(
                    .keyLog(unsafe TLSSession.keyLogLine(session, String(cString: label), secret.pointee.copied)))
                return 0
            }
        }
        if isServer {
            unsafe gnutls_handshake_set_post_client_hello_function(self.handle) { session in
                guard let context = unsafe context(session) else { return CInt(GNUTLS_E_INTERNAL_ERROR) }
                return unsafe TLSSession.selectIdentity(session, context)
            }
            // Before GnuTLS reads the message: the key must be there when it meets the client's ticket.
            unsafe gnutls_handshake_set_hook_function(self.handle, anyMessage, CInt(GNUTLS_HOOK_PRE)) {
                session, type, _, isIncoming, message in
                guard isIncoming != 0, let context = unsafe context(session) else { return 0 }
                context.isReadingCertificate = certificateMessages.contains(type)
                guard type == GNUTLS_HANDSHAKE_CLIENT_HELLO.rawValue, let tls = context.session,
                    let message = unsafe message
                else { return 0 }
                return tls.choose(from: unsafe ClientHello.protocols(message.pointee.copied), context)
            }
        } else {
            unsafe gnutls_handshake_set_hook_function(self.handle, anyMessage, CInt(GNUTLS_HOOK_BOTH)) {
                session, type, when, isIncoming, message in
                guard isIncoming != 0, let context = unsafe context(session) else { return 0 }
                context.isReadingCertificate = certificateMessages.contains(type)
                guard type == GNUTLS_HANDSHAKE_NEW_SESSION_TICKET.rawValue, let message = unsafe message else {
                    return 0
                }
                // Before GnuTLS reads it the message is whole; afterwards the session can be exported.
                guard when == CUnsignedInt(GNUTLS_HOOK_POST) else {
                    context.ticketAllowsEarlyData = unsafe NewSessionTicket.allowsEarlyData(message.pointee.copied)
                    return 0
                }
                guard
                    let data = unsafe try? takingDatum(
                        "reading a ticket", { unsafe gnutls_session_get_data2(session, $0) })
                else { return 0 }
                let allowsEarlyData = context.ticketAllowsEarlyData
                context.ticket = (session: data, allowsEarlyData: allowsEarlyData)
                return 0
            }
        }
    }

    /// The NSS form, which Wireshark reads.
    private static func keyLogLine(_ session: OpaquePointer?, _ label: String, _ secret: [UInt8]) -> String {
        var client = unsafe gnutls_datum_t()
        var server = unsafe gnutls_datum_t()
        unsafe gnutls_session_get_random(session, &client, &server)
        return unsafe "\(label) \(client.copied.hexadecimal) \(secret.hexadecimal)"
    }

    private static func selectIdentity(_ session: OpaquePointer?, _ context: CallbackContext) -> CInt {
        guard let identities = context.identities, let tls = context.session else { return 0 }
        guard let name = tls.requestedServerName else { return 0 }
        guard let identity = identities.select(name) else {
            context.refusedName = name
            return CInt(GNUTLS_E_UNRECOGNIZED_NAME)
        }
        tls.use(identity)
        return 0
    }
}

/// RFC 8446 §4.6.1. GnuTLS does not tell whether a ticket allows 0-RTT, so the message is read.
enum NewSessionTicket {
    static func allowsEarlyData(_ message: [UInt8]) -> Bool {
        var reader = ByteReader(message)
        guard reader.bytes(8) != nil, let nonce = reader.byte(), reader.bytes(Int(nonce)) != nil,
            reader.counted() != nil, let extensions = reader.counted()
        else { return false }
        var list = ByteReader(extensions)
        while let type = list.uint16(), let body = list.counted() {
            // early_data: QUIC allows only 0xffffffff (RFC 9001 §4.6.1).
            if type == 42 { return body == [0xff, 0xff, 0xff, 0xff] }
        }
        return false
    }
}

/// RFC 8446 §4.1.2.
enum ClientHello {
    /// The application protocols that the client names, its favourite first (RFC 7301 §3.1); none where it names none,
    /// and where the message is broken, which is for GnuTLS to say.
    static func protocols(_ message: [UInt8]) -> [[UInt8]] {
        var reader = ByteReader(message)
        guard reader.bytes(34) != nil, let session = reader.byte(), reader.bytes(Int(session)) != nil,
            reader.counted() != nil, let compression = reader.byte(), reader.bytes(Int(compression)) != nil,
            let extensions = reader.counted()
        else { return [] }
        var list = ByteReader(extensions)
        while let type = list.uint16(), let body = list.counted() {
            guard type == 16 else { continue }
            var names: [[UInt8]] = []
            var outer = ByteReader(body)
            var inner = ByteReader(outer.counted() ?? [])
            while let count = inner.byte(), let name = inner.bytes(Int(count)) {
                names.append(name)
            }
            return names
        }
        return []
    }
}

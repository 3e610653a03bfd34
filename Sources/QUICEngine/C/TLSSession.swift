internal import CNGTCP2
internal import Synchronization

/// One GnuTLS session. Keeps alive what GnuTLS only borrows: credentials, replay window, key.
@safe final class TLSSession {
    let handle: OpaquePointer
    /// The credentials in use; another identity is put here when the client asks for another name.
    private var identity: TLSIdentity?
    private let replayWindow: ReplayWindow?
    private let resources: EngineResources
    let offersEarlyData: Bool
    /// What a client's early data is meant for.
    let earlyProtocol: String?
    /// What a server offers until the client has named its protocols, and what its tickets are bound to.
    private var offer: (protocols: [String], ticketKey: SessionTicketKey?, limits: [UInt64]) = ([], nil, [])
    /// What differs for single protocols.
    private var terms: [String: TLSServerConfiguration.ProtocolTerms] = [:]

    /// The client's side.
    init(client: TLSClientConfiguration, resources: EngineResources) throws(EngineError) {
        try Self.validate(client.protocols, client.cryptography)
        let resumption = client.resumption
        let offersEarlyData = client.sendsEarlyData && resumption?.allowsEarlyData == true
        var flags = tern_tls_client
        if Self.offersOneKeyShare { flags |= tern_tls_one_key_share }
        if client.identity != nil { flags |= CUnsignedInt(GNUTLS_FORCE_CLIENT_CERT.rawValue) }
        if offersEarlyData { flags |= tern_tls_early_data }
        let ownRaw = client.identity?.isRawPublicKey == true
        let types = Self.certificateTypes(
            server: Self.accepted(raw: client.acceptsRawPublicKeys), client: [ownRaw ? "RAWPK" : "X509"])
        if !types.isEmpty { flags |= tern_tls_raw_keys }
        guard let identity = client.identity ?? TLSIdentity.anonymous else {
            throw EngineError(.invalidCredentials, "allocating credentials failed")
        }
        unsafe self.handle = try Self.start(
            flags, client.cryptography, types, client.protocols, identity)
        self.identity = identity
        self.replayWindow = nil
        self.offersEarlyData = offersEarlyData
        self.earlyProtocol = offersEarlyData ? resumption?.applicationProtocol : nil
        self.resources = resources
        resources.count(.session, 1)
        // RFC 6066 §3: a literal address is not a host name.
        if IPLiteral.parse(client.serverName) == nil, !client.serverName.isEmpty {
            let name = Array(client.serverName.utf8)
            try check("server name", unsafe gnutls_server_name_set(self.handle, GNUTLS_NAME_DNS, name, name.count))
        }
        if let resumption {
            let session = resumption.session
            let result = unsafe gnutls_session_set_data(self.handle, session, session.count)
            guard result >= 0 else {
                throw EngineError(
                    .invalidCredentials,
                    "the resumption ticket can't be read (\(describe(gnutls: result))): connect without it")
            }
        }
        self.installHooks(logsKeys: client.logsKeys, isServer: false)
    }

    /// The server's side.
    ///
    /// `limits` are those that a client remembers: tickets made under others are not accepted.
    init(server: TLSServerConfiguration, limits: [UInt64], resources: EngineResources) throws(EngineError) {
        try Self.validate(server.protocols, server.cryptography)
        try Self.validateEarlyData(server)
        let replayWindow = try server.earlyData?.sessionWindow()
        let identity = server.identities.standard
        var flags = tern_tls_server
        if server.earlyData != nil { flags |= tern_tls_early_data }
        let types = Self.certificateTypes(
            server: [identity.isRawPublicKey ? "RAWPK" : "X509"],
            client: Self.accepted(raw: server.acceptsRawPublicKeys))
        if !types.isEmpty { flags |= tern_tls_raw_keys }
        unsafe self.handle = try Self.start(
            flags, server.cryptography, types, server.protocols, identity)
        self.identity = identity
        self.replayWindow = replayWindow
        self.offersEarlyData = false
        self.earlyProtocol = nil
        self.resources = resources
        resources.count(.session, 1)
        self.ask(server.clientAuthentication)
        self.offer = (server.protocols, server.clientAuthentication.allowsResumption ? server.ticketKey : nil, limits)
        self.terms = server.terms
        if let replayWindow {
            // RFC 9001 §4.6.1: QUIC's own limits bound 0-RTT, TLS says 0xffffffff.
            unsafe gnutls_record_set_max_early_data_size(self.handle, Int(UInt32.max))
            unsafe gnutls_anti_replay_enable(self.handle, replayWindow.handle)
        }
        self.installHooks(logsKeys: server.logsKeys, isServer: true)
    }

    deinit {
        unsafe gnutls_deinit(self.handle)
        self.resources.count(.session, -1)
    }

    /// Shows the certificate for the name that the client asked for. GnuTLS keeps a pointer, so we keep a reference.
    func use(_ identity: TLSIdentity) {
        self.identity = identity
        unsafe gnutls_credentials_set(
            self.handle, GNUTLS_CRD_CERTIFICATE, UnsafeMutableRawPointer(identity.credentials))
    }

    /// Settles the application protocol, by the client's wish as GnuTLS would, and the key of tickets with it.
    ///
    /// RFC 8446 §4.2.10: early data is for the ticket's protocol. GnuTLS's tickets do not name theirs, so each protocol
    /// has a key of its own: a ticket of another is not understood, and resumes nothing.
    func choose(from wanted: [[UInt8]], _ context: CallbackContext) -> CInt {
        var offer = self.offer
        // Byte for byte (RFC 7301 §3.1), which Swift's strings are not compared.
        let choices = wanted.lazy.compactMap { name in offer.protocols.first { Array($0.utf8) == name } }
        guard let choice = choices.first else { return 0 }
        // A second ClientHello, after a HelloRetryRequest, changes nothing.
        self.offer = ([], nil, [])
        if let terms = self.terms[choice] {
            self.apply(terms, context)
            if !terms.clientAuthentication.allowsResumption { offer.ticketKey = nil }
        }
        guard (try? unsafe Self.setProtocols([choice], of: self.handle)) != nil else {
            return CInt(GNUTLS_E_INTERNAL_ERROR)
        }
        guard let key = offer.ticketKey?.bound(to: choice, limits: offer.limits) else { return 0 }
        return unsafe withDatum(key.bytes) { unsafe gnutls_session_ticket_enable_server(self.handle, $0) }
    }

    /// Another identity, and other clients, for the protocol that was chosen.
    private func apply(_ terms: TLSServerConfiguration.ProtocolTerms, _ context: CallbackContext) {
        self.ask(terms.clientAuthentication)
        context.verifier = terms.clientAuthentication.verifier
        context.identities = terms.identities
        self.use(terms.identities.standard)
    }

    /// Whether clients are asked for a certificate.
    private func ask(_ authentication: TLSServerConfiguration.ClientAuthentication) {
        let request =
            switch authentication {
            case .none: GNUTLS_CERT_IGNORE
            case .requested: GNUTLS_CERT_REQUEST
            case .required: GNUTLS_CERT_REQUIRE
            }
        unsafe gnutls_certificate_server_set_request(self.handle, request)
    }

    /// Queues one session ticket for the client.
    ///
    /// GnuTLS refuses 0-RTT where a client thinks its ticket a millisecond older than the server does, and some clients
    /// count in whole seconds: a ticket that was made a second ago is younger to none of them.
    func sendTicket() {
        guard self.replayWindow != nil else {
            unsafe gnutls_session_ticket_send(self.handle, 1, 0)
            return
        }
        // Where the clock can't be set, such clients lose a round trip.
        _ = LibraryClock.setBack(by: Self.ticketMargin, notBefore: .min) {
            unsafe gnutls_session_ticket_send(self.handle, 1, 0)
        }
    }

    /// A key of the best group only, and not of the second too, which hardly a server wants: one that does asks for it
    /// (HelloRetryRequest). From 3.8.5 to 3.8.9 GnuTLS changes the order of its extensions then, and some refuse that.
    private static let offersOneKeyShare =
        unsafe gnutls_check_version("3.8.5") == nil || gnutls_check_version("3.8.10") != nil

    /// How much older than they are tickets for 0-RTT are made, in seconds.
    static let ticketMargin: Int64 = 1

    var selectedProtocol: String? {
        var datum = unsafe gnutls_datum_t()
        guard unsafe gnutls_alpn_get_selected_protocol(self.handle, &datum) == 0 else { return nil }
        return unsafe String(decoding: datum.copied, as: UTF8.self)
    }

    var requestedServerName: String? {
        var name = [UInt8](repeating: 0, count: 256)
        var count = name.count
        var type: CUnsignedInt = 0
        guard unsafe gnutls_server_name_get(self.handle, &name, &count, &type, 0) == 0 else { return nil }
        return String(decoding: name.prefix(count).prefix { $0 != 0 }, as: UTF8.self)
    }

    var cipher: String {
        unsafe gnutls_cipher_get_name(gnutls_cipher_get(self.handle)).map { unsafe String(cString: $0) } ?? ""
    }
    var group: String {
        unsafe gnutls_group_get_name(gnutls_group_get(self.handle)).map { unsafe String(cString: $0) } ?? ""
    }
    var isResumed: Bool { unsafe gnutls_session_is_resumed(self.handle) != 0 }
    var acceptedEarlyData: Bool { unsafe tern_session_accepted_early_data(self.handle) != 0 }

    static func start(
        _ flags: CUnsignedInt, _ cryptography: TLSCryptography, _ certificateTypes: [String], _ protocols: [String],
        _ identity: TLSIdentity
    ) throws(EngineError) -> OpaquePointer {
        var session: OpaquePointer?
        try check("starting TLS", unsafe gnutls_init(&session, flags))
        guard let session = unsafe session else { throw EngineError(.invalidCredentials, "starting TLS failed") }
        do throws(EngineError) {
            let priorities = try unsafe PriorityCache.priorities(cryptography, certificateTypes)
            try check("choosing ciphers and groups", unsafe gnutls_priority_set(session, priorities))
            let credentials = unsafe UnsafeMutableRawPointer(identity.credentials)
            try check("credentials", unsafe gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials))
            try unsafe Self.setProtocols(protocols, of: session)
        } catch {
            unsafe gnutls_deinit(session)
            throw error
        }
        return unsafe session
    }

    private static func setProtocols(_ protocols: [String], of session: OpaquePointer) throws(EngineError) {
        let names = protocols.map { Array($0.utf8) }
        let all = names.flatMap { $0 }
        let result = unsafe all.withUnsafeBufferPointer { buffer in
            var data: [gnutls_datum_t] = unsafe []
            var offset = 0
            for name in names {
                let start = unsafe UnsafeMutablePointer(mutating: buffer.baseAddress.map { unsafe $0 + offset })
                unsafe data.append(gnutls_datum_t(data: start, size: CUnsignedInt(name.count)))
                offset += name.count
            }
            return unsafe gnutls_alpn_set_protocols(
                session, data, CUnsignedInt(data.count), GNUTLS_ALPN_MANDATORY.rawValue)
        }
        try check("application protocols", result)
    }

    private static func validate(_ protocols: [String], _ cryptography: TLSCryptography) throws(EngineError) {
        // The bounds are GnuTLS's own; beyond eight it would forget the rest in silence.
        guard 1...8 ~= protocols.count, protocols.allSatisfy({ 1...31 ~= $0.utf8.count }) else {
            throw EngineError(
                .invalidConfiguration, "name one to eight application protocols (ALPN) of 1 to 31 bytes: QUIC needs one"
            )
        }
        guard !cryptography.ciphers.isEmpty, !cryptography.groups.isEmpty else {
            throw EngineError(.invalidConfiguration, "name at least one cipher and one key exchange group")
        }
    }

    private static func validateEarlyData(_ server: TLSServerConfiguration) throws(EngineError) {
        guard server.earlyData != nil else { return }
        guard server.ticketKey != nil else {
            throw EngineError(.invalidConfiguration, "0-RTT needs session tickets: set ticketKey")
        }
        guard case .none = server.clientAuthentication else {
            throw EngineError(
                .invalidConfiguration, "0-RTT and client certificates exclude each other: a resumed session shows none")
        }
    }

    private static func accepted(raw: Bool) -> [String] { raw ? ["RAWPK", "X509"] : ["X509"] }

    /// GnuTLS's names for what each side may show; none where it is certificates only, the default.
    private static func certificateTypes(server: [String], client: [String]) -> [String] {
        guard server + client != ["X509", "X509"] else { return [] }
        return server.map { "SRV-\($0)" } + client.map { "CLI-\($0)" }
    }
}

/// Parsed priority strings. There are as many as the program has different choices of ciphers: they stay.
private enum PriorityCache {
    @safe private struct Entry: @unchecked Sendable {
        // Sendable because priorities are read-only once parsed and never freed.
        let handle: OpaquePointer
    }

    /// What GnuTLS's notation is made from.
    private struct Choice: Hashable {
        let cryptography: TLSCryptography
        let certificateTypes: [String]
    }

    private static let entries = Mutex<[Choice: Entry]>([:])

    /// Parsed under the lock: two threads that need the same choice must not parse it twice and keep one.
    static func priorities(
        _ cryptography: TLSCryptography, _ certificateTypes: [String]
    ) throws(EngineError) -> OpaquePointer {
        let choice = Choice(cryptography: cryptography, certificateTypes: certificateTypes)
        let (entry, result) = self.entries.withLock { entries -> (Entry?, CInt) in
            if let entry = entries[choice] { return (entry, 0) }
            var handle: OpaquePointer?
            let text = cryptography.priority(certificateTypes: certificateTypes)
            let result = unsafe gnutls_priority_init(&handle, text, nil)
            guard result == 0, let handle = unsafe handle else { return (nil, result) }
            let entry = unsafe Entry(handle: handle)
            entries[choice] = entry
            return (entry, 0)
        }
        try check("choosing ciphers and groups", result)
        guard let entry else { throw EngineError(.invalidConfiguration, "choosing ciphers and groups failed") }
        return unsafe entry.handle
    }
}

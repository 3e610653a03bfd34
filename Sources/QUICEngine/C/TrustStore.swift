internal import CNGTCP2
internal import Synchronization

/// Certificate authorities to check chains against. Immutable once made, so any number of connections share it.
///
///     let store = try TrustStore(pem: Array(bundle.utf8))
@safe public final class TrustStore: @unchecked Sendable {
    // Sendable because GnuTLS allows concurrent verification against a list that nobody changes.
    let handle: OpaquePointer
    /// How many authorities it holds.
    public let count: Int
    /// Tells stores apart.
    let digest: [UInt8]
    /// What it found good lately.
    let accepted = Mutex(AcceptedChains())

    /// Reads the authorities of a PEM text.
    public init(pem: [UInt8]) throws(EngineError) {
        let handle = unsafe try Self.makeList()
        let added = unsafe withDatum(pem) {
            unsafe gnutls_x509_trust_list_add_trust_mem(handle, $0, nil, GNUTLS_X509_FMT_PEM, 0, 0)
        }
        guard added > 0 else {
            unsafe gnutls_x509_trust_list_deinit(handle, 1)
            let problem = added < 0 ? describe(gnutls: added) : "there is no certificate in it"
            throw EngineError(.invalidCredentials, "reading trust anchors: \(problem)")
        }
        unsafe self.handle = handle
        self.count = Int(added)
        self.digest = sha256(pem)
    }

    /// Reads the authorities of a PEM file.
    public convenience init(file: String) throws(EngineError) {
        unsafe try self.init(pem: takingDatum("reading \(file)") { unsafe gnutls_load_file(file, $0) })
    }

    private init(system: Void) throws(EngineError) {
        let handle = unsafe try Self.makeList()
        let added = unsafe gnutls_x509_trust_list_add_system_trust(handle, 0, 0)
        // 0, and no error, is what GnuTLS says where the package is missing.
        guard added > 0 else {
            unsafe gnutls_x509_trust_list_deinit(handle, 1)
            throw EngineError(
                .invalidCredentials,
                "the system has no trust anchors: install ca-certificates, or name roots of your own")
        }
        unsafe self.handle = handle
        self.count = Int(added)
        self.digest = []
    }

    deinit { unsafe gnutls_x509_trust_list_deinit(self.handle, 1) }

    private static func makeList() throws(EngineError) -> OpaquePointer {
        var handle: OpaquePointer?
        try check("allocating a trust list", unsafe gnutls_x509_trust_list_init(&handle, 0))
        guard let handle = unsafe handle else {
            throw EngineError(.invalidCredentials, "allocating a trust list failed")
        }
        return unsafe handle
    }

    private static let cachedSystem = Mutex<TrustStore?>(nil)

    /// The system's authorities (Debian's `ca-certificates`), read once. A failure is not remembered: the package may be
    /// installed later.
    ///
    ///     print("\(try TrustStore.system().count) authorities are trusted")
    public static func system() throws(EngineError) -> TrustStore {
        if let store = self.cachedSystem.withLock({ $0 }) { return store }
        let store = try TrustStore(system: ())
        self.cachedSystem.withLock { $0 = store }
        return store
    }
}

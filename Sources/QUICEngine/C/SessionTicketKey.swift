internal import CNGTCP2

/// The master key of session tickets. GnuTLS derives the keys it uses from it, and changes them by itself.
///
/// Servers with the same sixty-four bytes resume each other's sessions; a new key makes all older tickets useless.
public struct SessionTicketKey: Hashable, Sendable {
    /// The sixty-four bytes. Whoever has them can read every resumed session.
    public let bytes: [UInt8]

    /// Makes a new key.
    public init() throws(EngineError) {
        self.bytes = unsafe try takingDatum("making a ticket key") { unsafe gnutls_session_ticket_key_generate($0) }
    }

    /// Uses stored bytes, or returns nil if there are not sixty-four.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 64 else { return nil }
        self.bytes = bytes
    }

    /// The key for servers of these protocols: a ticket of one application is of no use in another.
    func bound(to protocols: [String]) -> SessionTicketKey {
        let names = protocols.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
        let halves = [UInt8(0), 1].flatMap { sha256(self.bytes + [$0] + names) }
        return SessionTicketKey(bytes: halves) ?? self
    }
}

/// Guards a server that accepts 0-RTT against replays. One for all its connections.
@safe public final class ReplayProtection: @unchecked Sendable {
    // Sendable because GnuTLS only reads the object once it is set up, and the memory is Sendable itself.
    let handle: OpaquePointer
    private let memory: Unmanaged<ReplayMemoryBox>

    /// Uses `memory`; a fleet must give all its servers the same one.
    public init(memory: any ReplayMemory = ProcessReplayMemory()) throws(EngineError) {
        var handle: OpaquePointer?
        try check("making replay protection", unsafe gnutls_anti_replay_init(&handle))
        guard let handle = unsafe handle else {
            throw EngineError(.invalidCredentials, "making replay protection failed")
        }
        let box = unsafe Unmanaged.passRetained(ReplayMemoryBox(memory))
        unsafe gnutls_anti_replay_set_ptr(handle, box.toOpaque())
        unsafe gnutls_anti_replay_set_add_function(handle) { pointer, expiry, key, _ in
            guard let pointer = unsafe pointer, let key = unsafe key else { return CInt(GNUTLS_E_INTERNAL_ERROR) }
            let memory = unsafe Unmanaged<ReplayMemoryBox>.fromOpaque(pointer).takeUnretainedValue().memory
            return unsafe memory.insert(key.pointee.copied, expiry: Int64(expiry)) ? 0 : CInt(GNUTLS_E_DB_ENTRY_EXISTS)
        }
        unsafe self.handle = handle
        unsafe self.memory = box
    }

    deinit {
        unsafe gnutls_anti_replay_deinit(self.handle)
        unsafe self.memory.release()
    }
}

private final class ReplayMemoryBox {
    let memory: any ReplayMemory
    init(_ memory: any ReplayMemory) { self.memory = memory }
}

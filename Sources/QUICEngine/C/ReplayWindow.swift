internal import CNGTCP2

/// The object of GnuTLS that judges tickets by their age and asks the memory about the rest.
@safe final class ReplayWindow: @unchecked Sendable {
    // Sendable because the memory is Sendable itself, and GnuTLS reads the object only, but for the instant from which
    // on it accepts tickets. That it moves to the present once a window, and a reader that meets the change may judge
    // one ticket by the instant before. What is remembered does not depend on it.
    let handle: OpaquePointer
    /// Whether it accepts tickets from before it was made.
    let acceptsOlderTickets: Bool
    /// GnuTLS has a pointer to it.
    private let storage: ReplayStorage

    /// Accepts tickets from now on; for the sake of a memory that survives a restart, also those of the last window.
    init(_ storage: ReplayStorage, memorySurvivesRestart: Bool) throws(EngineError) {
        var handle: OpaquePointer?
        var result: CInt = 0
        // Tickets are made with the clock set back, so "from now on" is as much earlier for them.
        let margin = TLSSession.ticketMargin
        let isSetBack = LibraryClock.setBack(
            by: memorySurvivesRestart ? max(storage.window, margin) : margin,
            notBefore: memorySurvivesRestart ? max(storage.completeSince, .min + margin) - margin : .min
        ) { result = unsafe gnutls_anti_replay_init(&handle) }
        self.acceptsOlderTickets = memorySurvivesRestart && isSetBack
        try check("making replay protection", result)
        guard let handle = unsafe handle else {
            throw EngineError(.invalidCredentials, "making replay protection failed")
        }
        unsafe gnutls_anti_replay_set_window(handle, CUnsignedInt(storage.window * 1_000))
        unsafe gnutls_anti_replay_set_ptr(handle, Unmanaged.passUnretained(storage).toOpaque())
        unsafe gnutls_anti_replay_set_add_function(handle) { pointer, expiry, key, _ in
            guard let pointer = unsafe pointer, let key = unsafe key else { return CInt(GNUTLS_E_INTERNAL_ERROR) }
            let storage = unsafe Unmanaged<ReplayStorage>.fromOpaque(pointer).takeUnretainedValue()
            let isNew = unsafe storage.insert(key.pointee.copied, expiry: Int64(expiry))
            return isNew ? 0 : CInt(GNUTLS_E_DB_ENTRY_EXISTS)
        }
        unsafe self.handle = handle
        self.storage = storage
    }

    deinit { unsafe gnutls_anti_replay_deinit(self.handle) }
}

/// What GnuTLS asks, in terms of a memory that several servers can share.
final class ReplayStorage: Sendable {
    /// In seconds.
    let window: Int64
    private let memory: any ReplayMemory

    init(_ memory: any ReplayMemory, window: Int64) {
        self.memory = memory
        self.window = window
    }

    var completeSince: Int64 { self.memory.completeSince }

    /// `key` is the instant from which on the object accepts tickets, in twelve bytes, and the PSK binder. The instant
    /// is each server's own: with it, no server would recognise what another one has seen.
    func insert(_ key: [UInt8], expiry: Int64) -> Bool {
        let binder = Array(key.dropFirst(Self.prefixLength))
        // The call comes after the binder was verified, so this is a hash that nobody can choose.
        guard binder.count >= 32 else { return false }
        // GnuTLS counts whole seconds here and thousandths where it judges age: the difference must not be a gap.
        return self.memory.insert(binder, now: expiry - self.window, expiry: expiry + 2)
    }

    private static let prefixLength = 12
}

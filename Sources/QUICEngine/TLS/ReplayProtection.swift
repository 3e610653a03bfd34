internal import Synchronization

/// Remembers 0-RTT attempts, so that a copied one is refused (RFC 8446 §8). A fleet must share one memory.
public protocol ReplayMemory: Sendable {
    /// Stores `key` until `expiry` (seconds since 1970) and returns true, or returns false if it is there already.
    ///
    /// It must be atomic, and must return false when in doubt: that costs the client a round trip and nobody anything.
    func insert(_ key: [UInt8], expiry: Int64) -> Bool
}

/// A replay memory for one process, bounded: when it is full, 0-RTT is refused until old entries expire.
public final class ProcessReplayMemory: ReplayMemory {
    private struct State {
        var expiries: [[UInt8]: Int64] = [:]
        var latest: Int64 = 0
        var sweptAt: Int64 = .min
    }

    /// How many attempts are remembered.
    public let capacity: Int
    private let state = Mutex(State())

    /// Creates a memory for `capacity` attempts.
    public init(capacity: Int = 65_536) { self.capacity = max(capacity, 1) }

    /// Stores `key`, or returns false if it is known or there is no room.
    public func insert(_ key: [UInt8], expiry: Int64) -> Bool {
        self.state.withLock { state in
            state.latest = max(state.latest, expiry)
            if state.expiries[key] != nil { return false }
            if state.expiries.count >= self.capacity, state.latest > state.sweptAt {
                // Once a second at most: whoever fills the memory must not make everybody sort it.
                state.sweptAt = state.latest
                // All entries live equally long, so what expires well before the newest has expired already.
                let newest = state.latest
                state.expiries = state.expiries.filter { newest - $0.value < Self.lifetime }
            }
            guard state.expiries.count < self.capacity else { return false }
            state.expiries[key] = expiry
            return true
        }
    }

    /// GnuTLS gives every entry the window as its time to live: ten seconds unless changed.
    private static let lifetime: Int64 = 10
}

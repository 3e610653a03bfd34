internal import Synchronization

/// Remembers 0-RTT attempts, so that a copied one is refused (RFC 8446 §8). A fleet must share one memory.
public protocol ReplayMemory: Sendable {
    /// From which second since 1970 on nothing was lost. Where the memory is to survive a restart, tickets from before
    /// are refused; the default is that nothing ever was.
    var completeSince: Int64 { get }

    /// Stores `key` until `expiry` and returns true, or returns false if it is there already. Both times are seconds
    /// since 1970.
    ///
    /// It must be atomic, and must return false when in doubt: that costs the client a round trip and nobody anything.
    func insert(_ key: [UInt8], now: Int64, expiry: Int64) -> Bool
}

extension ReplayMemory {
    /// Nothing was ever lost.
    public var completeSince: Int64 { .min }
}

/// A replay memory for one process, bounded: when it is full, 0-RTT is refused until old entries expire.
public final class ProcessReplayMemory: ReplayMemory {
    /// How many attempts are remembered.
    public let capacity: Int
    private let table: Mutex<ReplayTable>

    /// Creates a memory for `capacity` attempts, each of about a hundred bytes. The default is enough for twelve
    /// attempts a second at the usual window of six hours.
    public init(capacity: Int = 262_144) {
        self.capacity = max(capacity, 1)
        self.table = Mutex(ReplayTable(capacity: self.capacity))
    }

    /// Stores `key`, or returns false if it is known or there is no room.
    public func insert(_ key: [UInt8], now: Int64, expiry: Int64) -> Bool {
        self.table.withLock { $0.insert(key, now: now, expiry: expiry) }
    }
}

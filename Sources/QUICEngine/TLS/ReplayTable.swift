/// Attempts, and until when each is remembered: bounded, refusing what there is no room for.
package struct ReplayTable {
    /// All that is remembered, with what has expired since it was last cleared.
    package private(set) var expiries: [[UInt8]: Int64]
    private let capacity: Int
    private var latest: Int64 = .min
    private var sweptAt: Int64 = .min

    /// Begins with `expiries`. If they are more than `capacity`, all are kept, and nothing new is taken at first.
    package init(capacity: Int, expiries: [[UInt8]: Int64] = [:]) {
        self.capacity = capacity
        self.expiries = expiries
    }

    /// Stores `key`, or returns false if it is known or there is no room.
    package mutating func insert(_ key: [UInt8], now: Int64, expiry: Int64) -> Bool {
        // Nothing is forgotten because the clock went back.
        let now = max(now, self.latest)
        self.latest = now
        if let known = self.expiries[key], known > now { return false }
        // Once a second at most: whoever fills the memory must not make everybody sort it.
        if self.expiries.count >= self.capacity, now > self.sweptAt { self.sweep(now) }
        guard self.expiries.count < self.capacity || self.expiries[key] != nil else { return false }
        self.expiries[key] = expiry
        return true
    }

    /// Forgets what has expired.
    package mutating func sweep(_ now: Int64) {
        self.sweptAt = now
        self.expiries = self.expiries.filter { $0.value > now }
    }
}

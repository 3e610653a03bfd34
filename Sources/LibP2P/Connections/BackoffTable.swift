/// For how long things that failed are left alone: longer each time, until one succeeds.
///
/// After n failures in a row the wait is `base + step · n²`, at most `longest`, less up to a tenth at random so that many
/// who failed at once don't come back at once. A thing that was left alone for as long again starts anew.
struct BackoffTable<Key: Hashable & Sendable>: Sendable {
    private struct Entry {
        var failures: Int
        var until: ContinuousClock.Instant
        var forgottenAt: ContinuousClock.Instant
    }

    let base: Duration
    let step: Duration
    let longest: Duration
    let limit: Int
    private var entries: [Key: Entry] = [:]

    init(
        base: Duration = .seconds(5), step: Duration = .seconds(1), longest: Duration = .seconds(300), limit: Int
    ) {
        self.base = base
        self.step = step
        self.longest = longest
        self.limit = max(limit, 1)
    }

    var count: Int { self.entries.count }

    /// How long it is still left alone; nil: it may be tried.
    func wait(for key: Key, now: ContinuousClock.Instant) -> Duration? {
        guard let entry = self.entries[key], entry.until > now else { return nil }
        return entry.until - now
    }

    mutating func succeeded(_ key: Key) { self.entries[key] = nil }

    /// It was tried and failed. Returns how long it is left alone.
    @discardableResult
    mutating func failed(
        _ key: Key, now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
    ) -> Duration {
        if let entry = self.entries[key], entry.forgottenAt <= now { self.entries[key] = nil }
        // The square of a thousand seconds is beyond every sensible longest wait.
        let failures = min(self.entries[key]?.failures ?? 0, 1_000)
        let whole = min(self.base + self.step * (failures * failures), self.longest)
        let delay = whole - whole * Double.random(in: 0..<0.1, using: &random)
        self.makeRoom(for: key, now)
        self.entries[key] = Entry(failures: failures + 1, until: now + delay, forgottenAt: now + delay + whole)
        return delay
    }

    /// Forgets what is over, and otherwise the quarter that will be tried soonest.
    private mutating func makeRoom(for key: Key, _ now: ContinuousClock.Instant) {
        guard self.entries[key] == nil, self.entries.count >= self.limit else { return }
        self.entries = self.entries.filter { $0.value.forgottenAt > now }
        guard self.entries.count >= self.limit else { return }
        let longest = self.entries.sorted { $0.value.until > $1.value.until }.prefix(self.limit * 3 / 4)
        self.entries = Dictionary(uniqueKeysWithValues: longest.map { ($0.key, $0.value) })
    }
}

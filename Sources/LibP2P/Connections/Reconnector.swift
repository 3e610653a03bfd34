/// Which peers are to stay connected, and when to dial the next of them that are not.
///
/// The wait before the n-th attempt is 200 ms · 2ⁿ, at most 30 s, and up to 200 ms more at random. A connection that ends
/// before it has lasted for ``stableAfter`` counts as a failed attempt, so that one which is made and lost at once again
/// is not made in a loop.
struct Reconnector: Sendable {
    private enum State {
        case connected(since: ContinuousClock.Instant)
        case waiting(until: ContinuousClock.Instant)
        case dialling
    }

    private struct Entry {
        var state: State
        var failures = 0
    }

    static let firstWait: Duration = .milliseconds(200)
    static let longestWait: Duration = .seconds(30)
    static let jitter: Duration = .milliseconds(200)
    static let stableAfter: Duration = .seconds(30)

    let limit: Int
    private var entries: [PeerID: Entry] = [:]

    init(limit: Int = 1_024) { self.limit = limit }

    /// The peers, in no order.
    var peers: [PeerID] { Array(self.entries.keys) }

    func keeps(_ peer: PeerID) -> Bool { self.entries[peer] != nil }

    /// Dials the peer now, unless it is connected, and again whenever the connection is lost.
    mutating func keepConnected(
        _ peer: PeerID, isConnected: Bool, now: ContinuousClock.Instant
    ) throws(LibP2PError) {
        guard self.entries[peer] == nil else { return }
        guard self.entries.count < self.limit else {
            throw LibP2PError(
                .limitReached, "\(self.limit) peers are kept connected already; let one go first",
                limit: "keptPeers")
        }
        self.entries[peer] = Entry(state: isConnected ? .connected(since: now) : .waiting(until: now))
    }

    mutating func letGo(_ peer: PeerID) { self.entries[peer] = nil }

    /// There is a connection, whoever dialled it.
    mutating func connected(_ peer: PeerID, now: ContinuousClock.Instant) {
        if case .connected = self.entries[peer]?.state { return }
        self.entries[peer]?.state = .connected(since: now)
    }

    /// The last connection is over.
    mutating func disconnected(
        _ peer: PeerID, now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
    ) {
        guard case .connected(let since) = self.entries[peer]?.state else { return }
        if now - since >= Self.stableAfter { self.entries[peer]?.failures = 0 }
        self.waitLonger(peer, now, &random)
    }

    /// A dial failed.
    mutating func failed(
        _ peer: PeerID, now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
    ) {
        // Meanwhile the peer may have dialled us.
        guard case .dialling = self.entries[peer]?.state else { return }
        self.waitLonger(peer, now, &random)
    }

    /// The network has changed: what failed before may work at once.
    mutating func networkChanged(now: ContinuousClock.Instant) {
        for peer in self.entries.keys {
            guard case .waiting = self.entries[peer]?.state else { continue }
            self.entries[peer] = Entry(state: .waiting(until: now))
        }
    }

    /// The peers to dial now; each is given out once, until ``connected(_:now:)`` or ``failed(_:now:random:)`` is told.
    mutating func due(now: ContinuousClock.Instant) -> [PeerID] {
        let due = self.entries.filter {
            guard case .waiting(let until) = $0.value.state else { return false }
            return until <= now
        }
        for peer in due.keys { self.entries[peer]?.state = .dialling }
        return Array(due.keys)
    }

    /// When to ask ``due(now:)`` again.
    var nextDue: ContinuousClock.Instant? {
        self.entries.values.compactMap { entry -> ContinuousClock.Instant? in
            guard case .waiting(let until) = entry.state else { return nil }
            return until
        }.min()
    }

    private mutating func waitLonger(
        _ peer: PeerID, _ now: ContinuousClock.Instant, _ random: inout some RandomNumberGenerator
    ) {
        let failures = self.entries[peer]?.failures ?? 0
        // 200 ms · 2⁸ is above the longest wait.
        let wait = min(Self.firstWait * (1 << min(failures, 8)), Self.longestWait)
        let delay = wait + Self.jitter * Double.random(in: 0..<1, using: &random)
        self.entries[peer] = Entry(state: .waiting(until: now + delay), failures: min(failures + 1, 8))
    }
}

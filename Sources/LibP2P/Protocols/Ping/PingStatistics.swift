/// What pings to a peer have shown.
///
///     let figures = session.statistics
///     print("\(figures.received) of \(figures.sent), \(figures.mean ?? .zero) on average")
public struct PingStatistics: Hashable, Sendable {
    /// How many pings were answered.
    public private(set) var received = 0
    /// How many were not, or wrongly.
    public private(set) var lost = 0
    /// The last round trip.
    public private(set) var last: Duration?
    /// The shortest round trip.
    public private(set) var minimum: Duration?
    /// The longest round trip.
    public private(set) var maximum: Duration?
    private var total = Duration.zero
    private var totalChange = Duration.zero

    /// Statistics of no pings at all.
    public init() {}

    /// How many pings were sent.
    public var sent: Int { self.received + self.lost }
    /// The average round trip.
    public var mean: Duration? { self.received > 0 ? self.total / self.received : nil }
    /// By how much a round trip differs from the one before it, on average; nil before there are two.
    public var jitter: Duration? { self.received > 1 ? self.totalChange / (self.received - 1) : nil }

    /// Adds a ping that was answered.
    public mutating func add(_ roundTrip: Duration) {
        if let last = self.last { self.totalChange += max(roundTrip, last) - min(roundTrip, last) }
        self.received += 1
        self.total += roundTrip
        self.last = roundTrip
        self.minimum = min(self.minimum ?? roundTrip, roundTrip)
        self.maximum = max(self.maximum ?? roundTrip, roundTrip)
    }

    /// Adds a ping that was not.
    public mutating func addLost() { self.lost += 1 }
}

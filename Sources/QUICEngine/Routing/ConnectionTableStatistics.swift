/// What a ``ConnectionTable`` holds at the moment, and what it was asked since its counters were last reset.
///
/// There are no times here: the engine has no clock, so whoever calls the table measures.
public struct ConnectionTableStatistics: Hashable, Sendable {
    // Sizes
    /// Connections whose handshake is confirmed.
    public var establishedConnections = 0
    /// Connections in their handshake.
    public var pendingConnections = 0
    /// Connections that still answer to the ID that their client chose.
    public var initialConnections = 0
    /// Issued IDs of established connections.
    public var establishedIDs = 0
    /// Issued IDs of connections in their handshake.
    public var pendingIDs = 0
    /// Issued and client-chosen IDs together.
    public var connectionIDs = 0
    /// Addresses that packets of a known connection come from.
    public var addresses = 0
    /// IDs whose sequence number is known: all issued ones.
    public var trackedSequenceNumbers = 0
    /// Retired IDs whose late packets are swallowed.
    public var tombstones = 0
    /// Tokens by which peers can reset connections.
    public var resetTokens = 0
    /// How many issued IDs have a sequence number of 0, 1, 2–3, 4–7, 8–15, 16–31, 32–63, 64 or more.
    public var sequenceDistribution: [Int] = []

    // Counters
    /// Packets whose ID was looked up.
    public var lookups: UInt64 = 0
    /// Look-ups of an ID that nobody knows.
    public var unknownIDs: UInt64 = 0
    /// Look-ups of an ID that was retired a moment ago.
    public var retiredIDs: UInt64 = 0
    /// Packets that found their way by the address they came from.
    public var fallbackRoutings: UInt64 = 0
    /// Packets from an address of several connections, which therefore found no way.
    public var ambiguousFallbacks: UInt64 = 0
    /// IDs that were refused because another connection had them.
    public var collisions: UInt64 = 0

    /// Figures of nothing.
    public init() {}

    /// Adds the figures of another table.
    public mutating func add(_ other: Self) {
        self.establishedConnections += other.establishedConnections
        self.pendingConnections += other.pendingConnections
        self.initialConnections += other.initialConnections
        self.establishedIDs += other.establishedIDs
        self.pendingIDs += other.pendingIDs
        self.connectionIDs += other.connectionIDs
        self.addresses += other.addresses
        self.trackedSequenceNumbers += other.trackedSequenceNumbers
        self.tombstones += other.tombstones
        self.resetTokens += other.resetTokens
        let longer = max(self.sequenceDistribution.count, other.sequenceDistribution.count)
        self.sequenceDistribution = (0..<longer).map { index in
            [self.sequenceDistribution, other.sequenceDistribution].reduce(0) {
                $0 + ($1.indices.contains(index) ? $1[index] : 0)
            }
        }
        self.lookups &+= other.lookups
        self.unknownIDs &+= other.unknownIDs
        self.retiredIDs &+= other.retiredIDs
        self.fallbackRoutings &+= other.fallbackRoutings
        self.ambiguousFallbacks &+= other.ambiguousFallbacks
        self.collisions &+= other.collisions
    }
}

/// Counters of a table whose look-ups change nothing else. Copies of a table count together.
final class RoutingCounters {
    var lookups: UInt64 = 0
    var unknownIDs: UInt64 = 0
    var retiredIDs: UInt64 = 0
    var fallbackRoutings: UInt64 = 0
    var ambiguousFallbacks: UInt64 = 0
    var collisions: UInt64 = 0
}

/// How many issued IDs have a sequence number of each order of magnitude.
struct SequenceHistogram {
    static let bucketCount = 8
    private(set) var counts = [Int](repeating: 0, count: Self.bucketCount)

    mutating func add(_ number: UInt64, _ change: Int) { self.counts[Self.bucket(of: number)] += change }

    static func bucket(of number: UInt64) -> Int {
        min(UInt64.bitWidth - number.leadingZeroBitCount, Self.bucketCount - 1)
    }
}

extension ConnectionTable {
    /// What the table holds, and what it was asked since ``resetStatistics()``.
    public var statistics: ConnectionTableStatistics {
        var statistics = ConnectionTableStatistics()
        statistics.establishedConnections = self.establishedConnectionCount
        statistics.pendingConnections = self.connectionCount - self.establishedConnectionCount
        statistics.initialConnections = self.initialCount
        statistics.establishedIDs = self.establishedIDCount
        statistics.pendingIDs = self.issuedCount - self.establishedIDCount
        statistics.connectionIDs = self.issuedCount + self.initialCount
        statistics.addresses = self.addresses.count
        statistics.trackedSequenceNumbers = self.issuedCount
        statistics.tombstones = self.retiredCount
        statistics.resetTokens = self.resetTokenOwners.count
        statistics.sequenceDistribution = self.sequenceNumbers.counts
        statistics.lookups = self.counters.lookups
        statistics.unknownIDs = self.counters.unknownIDs
        statistics.retiredIDs = self.counters.retiredIDs
        statistics.fallbackRoutings = self.counters.fallbackRoutings
        statistics.ambiguousFallbacks = self.counters.ambiguousFallbacks
        statistics.collisions = self.counters.collisions
        return statistics
    }

    /// Sets the counters to zero. What the table holds is not touched.
    public func resetStatistics() {
        self.counters.lookups = 0
        self.counters.unknownIDs = 0
        self.counters.retiredIDs = 0
        self.counters.fallbackRoutings = 0
        self.counters.ambiguousFallbacks = 0
        self.counters.collisions = 0
    }
}

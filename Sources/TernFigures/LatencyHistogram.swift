/// How long many things took: any number of times in a fixed amount of memory, each within one percent of the truth.
///
///     var histogram = LatencyHistogram()
///     histogram.record(nanoseconds: 153_000)
///     print(histogram.percentile(99))
package struct LatencyHistogram: Sendable, Equatable {
    /// Each power of two is cut into so many steps.
    private static let steps: UInt64 = 64
    private static let stepBits = 6

    private var counts: [UInt64] = []
    /// How many times were recorded.
    package private(set) var count: UInt64 = 0
    /// The shortest, in nanoseconds; 0 where there is none.
    package private(set) var minimum: UInt64 = 0
    /// The longest.
    package private(set) var maximum: UInt64 = 0
    private var sum = 0.0

    /// Creates an empty one.
    package init() {}

    /// Adds one time.
    package mutating func record(nanoseconds value: UInt64) {
        let index = Self.index(of: value)
        if index >= self.counts.count {
            self.counts += [UInt64](repeating: 0, count: index + 1 - self.counts.count)
        }
        self.counts[index] += 1
        self.minimum = self.count == 0 ? value : min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        self.count += 1
        self.sum += Double(value)
    }

    /// Adds all that another one has.
    package mutating func add(_ other: LatencyHistogram) {
        guard other.count > 0 else { return }
        if other.counts.count > self.counts.count {
            self.counts += [UInt64](repeating: 0, count: other.counts.count - self.counts.count)
        }
        for (index, count) in other.counts.enumerated() { self.counts[index] += count }
        self.minimum = self.count == 0 ? other.minimum : min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        self.count += other.count
        self.sum += other.sum
    }

    /// The mean in nanoseconds; 0 where nothing was recorded.
    package var mean: Double { self.count == 0 ? 0 : self.sum / Double(self.count) }

    /// The time that so many percent did not exceed, in nanoseconds; 0 where nothing was recorded.
    package func percentile(_ percent: Double) -> UInt64 {
        guard self.count > 0 else { return 0 }
        let rank = max((min(max(percent, 0), 100) / 100 * Double(self.count)).rounded(.up), 1)
        guard rank < Double(self.count) else { return self.maximum }
        var seen: UInt64 = 0
        for (index, count) in self.counts.enumerated() where count > 0 {
            seen += count
            if Double(seen) >= rank { return min(max(Self.middle(of: index), self.minimum), self.maximum) }
        }
        return self.maximum
    }

    /// Times from one round number to the next, and how many fell between.
    package struct Band: Sendable, Equatable {
        /// The first nanosecond of the band.
        package var lower: UInt64
        /// The first one after it.
        package var upper: UInt64
        /// How many times fell into it.
        package var count: UInt64
    }

    /// The whole range in at most `limit` bands between round numbers, the empty ones in between included. Where so few
    /// can't hold it, the last one takes the rest.
    package func bands(limit: Int = 12) -> [Band] {
        guard self.count > 0 else { return [] }
        let fine = self.bands(edges: [10, 15, 20, 30, 50, 70])
        var bands = fine.count <= limit ? fine : self.bands(edges: [10, 20, 50])
        while bands.count > max(limit, 1) {
            let last = bands.removeLast()
            bands[bands.count - 1].upper = last.upper
            bands[bands.count - 1].count += last.count
        }
        return bands
    }

    /// `edges`: the round numbers from 10 up to, and not including, 100.
    private func bands(edges: [UInt64]) -> [Band] {
        var bands: [Band] = []
        var index = 0
        var decade: UInt64 = 1
        while decade <= UInt64.max / 1_000 {
            for (number, edge) in edges.enumerated() {
                let upper = number + 1 < edges.count ? edges[number + 1] * decade : 100 * decade
                var band = Band(lower: edge * decade, upper: upper, count: 0)
                if bands.isEmpty, decade == 1, number == 0 { band.lower = 0 }
                while index < self.counts.count, Self.middle(of: index) < upper {
                    band.count += self.counts[index]
                    index += 1
                }
                if band.count > 0 || !bands.isEmpty { bands.append(band) }
                if index >= self.counts.count { return bands }
            }
            decade *= 10
        }
        // Five centuries and more.
        let rest = self.counts[index...].reduce(0, +)
        return bands + (rest > 0 ? [Band(lower: 100 * decade / 10, upper: .max, count: rest)] : [])
    }

    private static func index(of value: UInt64) -> Int {
        guard value >= self.steps else { return Int(value) }
        let shift = 63 - value.leadingZeroBitCount - self.stepBits
        return shift * Int(self.steps) + Int(value >> UInt64(shift))
    }

    private static func middle(of index: Int) -> UInt64 {
        let steps = Int(self.steps)
        guard index >= 2 * steps else { return UInt64(index) }
        let shift = index / steps - 1
        return UInt64(index - shift * steps) << UInt64(shift) + (1 << UInt64(shift)) / 2
    }
}

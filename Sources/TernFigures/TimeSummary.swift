/// What `ping` says of the times that it measured, in whichever unit they are.
package struct TimeSummary: Sendable, Equatable {
    /// The shortest.
    package let minimum: Double
    /// The mean.
    package let average: Double
    /// Half of them were no longer; of an even number, the mean of the two in the middle.
    package let median: Double
    /// The longest.
    package let maximum: Double
    /// How far they lie from the mean, as the root of the mean square.
    package let deviation: Double

    /// nil where there is no time to speak of.
    package init?(_ times: [Double]) {
        let sorted = times.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let count = Double(sorted.count)
        let average = sorted.reduce(0, +) / count
        let middle = sorted.count / 2
        self.minimum = first
        self.maximum = last
        self.average = average
        self.median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        self.deviation = (sorted.reduce(0) { $0 + ($1 - average) * ($1 - average) } / count).squareRoot()
    }
}

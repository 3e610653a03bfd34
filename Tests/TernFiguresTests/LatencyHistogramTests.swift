internal import TernFigures
internal import Testing

@Suite struct LatencyHistogramTests {
    @Test("Without a time every figure is zero")
    func empty() {
        let histogram = LatencyHistogram()
        #expect(histogram.percentile(50) == 0)
        #expect(histogram.mean == 0)
        #expect(histogram.bands().isEmpty)
    }

    @Test("One time is every percentile, exactly", arguments: [0, 1, 63, 64, 127, 128, 999, 153_000, UInt64.max])
    func single(value: UInt64) {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: value)
        for percent in [-1, 0, 50, 99.9, 100, 200] { #expect(histogram.percentile(percent) == value) }
        #expect(histogram.minimum == value)
        #expect(histogram.maximum == value)
    }

    @Test("Percentiles of 1 to 100,000 lie within one percent of the truth")
    func percentiles() {
        var histogram = LatencyHistogram()
        for value in 1...100_000 { histogram.record(nanoseconds: UInt64(value)) }
        for percent in [1, 10, 50, 90, 99, 99.9] {
            let truth = percent * 1_000
            #expect(abs(Double(histogram.percentile(percent)) - truth) <= truth / 100)
        }
        #expect(histogram.percentile(100) == 100_000)
        #expect(abs(histogram.mean - 50_000.5) < 0.001)
    }

    @Test("A percentile is reached by the time at its rank: one slow answer in ten is the 99th, not the 90th")
    func ranks() {
        var histogram = LatencyHistogram()
        for _ in 0..<9 { histogram.record(nanoseconds: 50) }
        histogram.record(nanoseconds: 1_000_000)
        #expect(histogram.percentile(50) == 50)
        #expect(histogram.percentile(90) == 50)
        #expect(histogram.percentile(99) == 1_000_000)
    }

    @Test("Two histograms added are one of all their times")
    func addition() {
        var (odd, even, all) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in 1...10_000 as ClosedRange<UInt64> {
            if value.isMultiple(of: 2) { even.record(nanoseconds: value) } else { odd.record(nanoseconds: value) }
            all.record(nanoseconds: value)
        }
        odd.add(even)
        odd.add(LatencyHistogram())
        #expect(odd == all)
        var copy = LatencyHistogram()
        copy.add(all)
        #expect(copy == all)
    }

    @Test("Bands hold every time once, join without gaps, and are no more than asked for")
    func bands() {
        var histogram = LatencyHistogram()
        for power in 0..<40 { for factor in 1...3 { histogram.record(nanoseconds: UInt64(factor) << UInt64(power)) } }
        for limit in [1, 5, 12, 100] {
            let bands = histogram.bands(limit: limit)
            #expect(bands.count <= limit)
            #expect(bands.reduce(0) { $0 + $1.count } == histogram.count)
            #expect(zip(bands, bands.dropFirst()).allSatisfy { $0.upper == $1.lower })
            #expect(bands.first.map { $0.lower <= histogram.minimum } == true)
            #expect(bands.last.map { $0.upper > histogram.maximum } == true)
        }
    }

    @Test("Times that lie together fill the bands around them only")
    func narrow() {
        var histogram = LatencyHistogram()
        for value in stride(from: 110_000, to: 190_000, by: 1_000) { histogram.record(nanoseconds: UInt64(value)) }
        #expect(histogram.bands().map(\.lower) == [100_000, 150_000])
        #expect(histogram.bands().map(\.upper) == [150_000, 200_000])
    }
}

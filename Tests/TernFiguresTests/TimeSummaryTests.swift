internal import TernFigures
internal import Testing

@Suite struct TimeSummaryTests {
    @Test("Of no times there is nothing to say")
    func empty() { #expect(TimeSummary([]) == nil) }

    @Test("One time is its own minimum, mean, median and maximum")
    func single() throws {
        let summary = try #require(TimeSummary([4]))
        #expect([summary.minimum, summary.average, summary.median, summary.maximum] == [4, 4, 4, 4])
        #expect(summary.deviation == 0)
    }

    @Test("The order does not matter, and the median of an even number lies between the middle two")
    func several() throws {
        let summary = try #require(TimeSummary([9, 2, 4, 5, 4, 7, 5, 4]))
        #expect(summary.minimum == 2)
        #expect(summary.average == 5)
        #expect(summary.median == 4.5)
        #expect(summary.maximum == 9)
        #expect(summary.deviation == 2)
    }

    @Test("The median of an odd number is the one in the middle")
    func odd() throws { #expect(try #require(TimeSummary([10, 1, 3])).median == 3) }
}

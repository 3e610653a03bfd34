import QUICEngine
import Testing

@Suite("Times of day in UTC")
struct UTCTimeTests {
    @Test(
        "seconds and dates are the same thing",
        arguments: [
            (0, "1970-01-01 00:00:00 UTC"), (951_782_400, "2000-02-29 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"), (1_795_266_525, "2026-11-21 13:08:45 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"), (-62_135_596_800, "0001-01-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ])
    func known(seconds: Int64, text: String) {
        #expect(UTCTime(seconds).description == text)
        #expect(UTCTime(parsing: String(text.dropLast(4)))?.seconds == seconds)
        #expect(UTCTime(parsing: UTCTime(seconds).iso8601)?.seconds == seconds)
    }

    @Test("every day of four centuries is found again")
    func everyDay() {
        for day in Int64(-100_000)...50_000 {
            let time = UTCTime(day * 86_400)
            guard UTCTime(parsing: time.date) == time else {
                Issue.record("\(time) is read as another day")
                return
            }
        }
    }

    @Test("a day alone is its first second, and what is no date is none")
    func parsing() {
        #expect(UTCTime(parsing: "2027-01-31")?.description == "2027-01-31 00:00:00 UTC")
        #expect(UTCTime(parsing: "2027-01-31T12:30Z")?.description == "2027-01-31 12:30:00 UTC")
        for text in [
            "", "2027", "2027-02-29", "2027-13-01", "2027-01-31T24:00", "2027-01-31 1 2", "+027-01-31", "0-1-1",
        ] {
            #expect(UTCTime(parsing: text) == nil, "\(text)")
        }
    }

    @Test("what lies beyond the calendar becomes its end")
    func clamped() {
        #expect(UTCTime(.max).date == "9999-12-31")
        #expect(UTCTime(.min).date == "0001-01-01")
    }
}

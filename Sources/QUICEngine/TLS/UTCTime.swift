/// A second in UTC as people read and write it: certificates count in seconds, and the engine has no calendar.
package struct UTCTime: Comparable, Hashable, Sendable, CustomStringConvertible {
    /// Seconds since 1970.
    package let seconds: Int64

    /// Takes seconds since 1970, of the years 1 to 9999; what lies outside becomes the nearest.
    package init(_ seconds: Int64) { self.seconds = min(max(seconds, Self.earliest), Self.latest) }

    /// Reads `2027-01-31`, `2027-01-31 12:00` or `2027-01-31T12:00:00Z`; nil for everything else.
    package init?(parsing text: String) {
        var halves = text.split(whereSeparator: { $0 == "T" || $0 == " " })
        if halves.count == 2, halves[1].last == "Z" { halves[1].removeLast() }
        guard let date = halves.first.flatMap({ Self.numbers($0, "-") }), date.count == 3, halves.count <= 2,
            (1...9_999).contains(date[0]), (1...12).contains(date[1]), (1...31).contains(date[2])
        else { return nil }
        var time: [Int64] = [0, 0, 0]
        if halves.count == 2 {
            guard let parts = Self.numbers(halves[1], ":"), (2...3).contains(parts.count) else { return nil }
            time.replaceSubrange(..<parts.count, with: parts)
        }
        guard (0...23).contains(time[0]), (0...59).contains(time[1]), (0...59).contains(time[2]) else { return nil }
        let days = Self.days(year: date[0], month: date[1], day: date[2])
        // The 31st of a month that has 30 would be the 1st of the next.
        guard Self.civil(days).day == date[2] else { return nil }
        let second = (time[0] * 60 + time[1]) * 60 + time[2]
        self.init(days * 86_400 + second)
    }

    /// 2027-01-31
    package var date: String {
        let (year, month, day) = Self.civil(self.days)
        return "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(day, 2))"
    }

    /// 2027-01-31 12:00:00 UTC
    package var description: String {
        let second = self.seconds - self.days * 86_400
        let parts = [second / 3_600, second / 60 % 60, second % 60].map { Self.digits($0, 2) }
        return "\(self.date) \(parts.joined(separator: ":")) UTC"
    }

    /// 2027-01-31T12:00:00Z (RFC 3339)
    package var iso8601: String {
        let words = self.description.split(separator: " ")
        return "\(words[0])T\(words[1])Z"
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.seconds < rhs.seconds }

    private static let earliest = Self.days(year: 1, month: 1, day: 1) * 86_400
    private static let latest = Self.days(year: 10_000, month: 1, day: 1) * 86_400 - 1

    private var days: Int64 { (self.seconds - (self.seconds < 0 ? 86_399 : 0)) / 86_400 }

    private static func numbers(_ text: Substring, _ separator: Character) -> [Int64]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in part.allSatisfy(\.isASCIIDigit) ? Int64(part) : nil }
        return numbers.count == parts.count ? numbers : nil
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(count - text.count, 0)) + text
    }

    /// Days since 1970 in the Gregorian calendar. Years begin in March here, so that the leap day is the last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        // From 0000-03-01 to 1970-01-01 there are 719,468 days.
        return 365 * year + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let day = days + 719_468
        let fourCenturies = day / 146_097
        let rest = day % 146_097
        let year = (rest - rest / 1_460 + rest / 36_524 - rest / 146_096) / 365
        let dayOfYear = rest - (365 * year + year / 4 - year / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (
            year + fourCenturies * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

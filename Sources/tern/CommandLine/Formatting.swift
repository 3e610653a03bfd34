extension Double {
    /// With so many digits behind the point, without Foundation.
    func formatted(_ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard self.isFinite, abs(self) * scale < 1e15 else { return "\(self)" }
        let scaled = Int64((self * scale) + (self < 0 ? -0.5 : 0.5))
        guard digits > 0 else { return "\(scaled)" }
        let sign = scaled < 0 ? "-" : ""
        let text = String(scaled.magnitude)
        let filled = String(repeating: "0", count: max(digits + 1 - text.count, 0)) + text
        return sign + filled.dropLast(digits) + "." + filled.suffix(digits)
    }
}

extension BinaryInteger {
    /// 1 day, 2 days.
    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension Duration {
    /// This duration in seconds, for printing and for rates.
    var seconds: Double { Double(self.components.seconds) + Double(self.components.attoseconds) * 1e-18 }

    /// In the unit that a person would choose: 153 µs, 24.1 ms, 2.50 s, 3:07 min.
    var text: String {
        let seconds = self.seconds
        switch abs(seconds) {
        case ..<0.001: return "\((seconds * 1e6).formatted(0)) µs"
        case ..<1: return "\((seconds * 1e3).formatted(seconds < 0.01 ? 2 : 1)) ms"
        case ..<60: return "\(seconds.formatted(2)) s"
        default:
            let whole = Int(clamping: self.components.seconds)
            return "\(whole / 60):\("0\(whole % 60)".suffix(2)) min"
        }
    }
}

/// Numbers of bytes, for people: powers of ten, as disks and links count.
enum ByteCount {
    /// 999 B, 1.5 kB, 20.0 MB.
    static func text(_ bytes: some BinaryInteger) -> String {
        let (value, unit) = self.scaled(Double(bytes), ["B", "kB", "MB", "GB", "TB"])
        return "\(value.formatted(unit == "B" ? 0 : value < 10 ? 2 : 1)) \(unit)"
    }

    /// So many bytes in that time, in bits: 9.42 Mbit/s.
    static func rate(_ bytes: some BinaryInteger, in time: Duration) -> String {
        guard time > .zero else { return "–" }
        let (value, unit) = self.scaled(Double(bytes) * 8 / time.seconds, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"])
        return "\(value.formatted(unit == "bit/s" ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0)) \(unit)"
    }

    private static func scaled(_ value: Double, _ units: [String]) -> (Double, String) {
        var (value, index) = (value, 0)
        while value >= 1_000, index + 1 < units.count { (value, index) = (value / 1_000, index + 1) }
        return (value, units[index])
    }
}

/// The times of all events of a trace, which can be understood only when all that it says about them was read.
struct TraceClock {
    private var raw: [Double] = []
    /// relative, absolute, delta, or nothing.
    var format = ""
    /// Milliseconds since 1970.
    var reference: Double?

    /// Returns the number of the event.
    mutating func add(_ time: Double) -> Int {
        self.raw.append(time)
        return self.raw.count - 1
    }

    private var isAbsolute: Bool {
        switch self.format {
        case "absolute": true
        case "relative", "delta", "relative_to_epoch", "relative_to_previous_event": false
        // Some traces don't say. In milliseconds, this is the year 1973.
        default: (self.raw.first ?? 0) > 1e11
        }
    }

    private var isDelta: Bool { self.format == "delta" || self.format == "relative_to_previous_event" }

    /// When the trace started, in milliseconds since 1970.
    var started: Double? {
        if self.isAbsolute { return self.raw.first }
        return self.reference.flatMap { $0 > 1e11 ? $0 : nil }
    }

    /// Microseconds since the start, which never go back: a plot would.
    func times() -> [Int] {
        let zero = self.isAbsolute ? self.raw.first ?? 0 : 0
        var latest = 0.0
        return self.raw.map { time in
            let value = self.isDelta ? latest + max(time, 0) : time - zero
            latest = min(max(latest, value), 1e12)
            return Int((latest * 1_000).rounded())
        }
    }
}

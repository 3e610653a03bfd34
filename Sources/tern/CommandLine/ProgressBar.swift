import QUICIO

/// How far a transfer is, in one line of the terminal that is written over and over; nothing where nobody watches.
struct ProgressBar {
    private let label: String
    private let begun = MonotonicClock.now()
    private var last: UInt64?

    init(_ label: String) { self.label = label }

    /// Draws at most ten times a second.
    mutating func show(_ done: UInt64, of total: UInt64?) {
        guard Console.isTerminal else { return }
        let now = MonotonicClock.now()
        if let last = self.last, now &- last < 100_000_000 { return }
        self.last = now
        Console.progress(
            Self.line(
                self.label, done, of: total, after: .nanoseconds(Int64(clamping: now &- self.begun)),
                width: Terminal.width))
    }

    func end() { Console.endProgress() }

    /// One line, no longer than `width`: the bar gives way first, then the label.
    static func line(_ label: String, _ done: UInt64, of total: UInt64?, after time: Duration, width: Int) -> String {
        var figures = "\(ByteCount.text(done))  \(ByteCount.rate(done, in: time))"
        guard let total, total > 0 else { return String("\(label)  \(figures)".prefix(max(width - 1, 1))) }
        let share = min(Double(done) / Double(total), 1)
        if done > 0, done < total, (time > .zero) {
            let left = time.seconds / Double(done) * Double(total - done)
            figures += "  \(Duration.milliseconds(Int64(left * 1_000)).text) left"
        }
        let percent = "\(Int(share * 100))".padded(leftTo: 3) + " %"
        let room = width - 1 - label.columns - figures.columns - percent.columns - 6
        guard room >= 8 else { return String("\(percent)  \(figures)  \(label)".prefix(max(width - 1, 1))) }
        let bar = min(room, 40)
        let full = Int(share * Double(bar))
        let drawn = String(repeating: "█", count: full) + String(repeating: "░", count: bar - full)
        return "\(label)  \(drawn) \(percent)  \(figures)"
    }
}

import QUICIO
import Synchronization

/// How far a transfer is: a bar on a terminal, a line for every tenth elsewhere.
final class TransferProgress: Sendable {
    private let total: Int
    private let startedAt = MonotonicClock.now()
    private let done = Atomic<Int>(0)
    private let tenths = Atomic<Int>(0)

    init(total: Int) { self.total = max(total, 1) }

    func add(_ count: Int) { self.done.wrappingAdd(count, ordering: .relaxed) }

    var seconds: Double { Double(MonotonicClock.now() - self.startedAt) / 1e9 }

    /// Shows it until the task is cancelled.
    func show() async {
        while !Task.isCancelled {
            self.draw()
            try? await Task.sleep(for: .milliseconds(100))
        }
        Console.endProgress()
    }

    /// Draws what is new.
    func draw() {
        if Console.isTerminal { return Console.progress("  \(self.bar) \(self.line)") }
        let tenth = min(self.done.load(ordering: .relaxed) * 10 / self.total, 10)
        if self.tenths.exchange(tenth, ordering: .relaxed) < tenth { Terminal.writeError("\(self.line)\n") }
    }

    private var share: Double { min(Double(self.done.load(ordering: .relaxed)) / Double(self.total), 1) }

    private var bar: String {
        let filled = Int(self.share * 30)
        return String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
    }

    private var line: String {
        let done = Double(self.done.load(ordering: .relaxed))
        let rate = done / max(self.seconds, 1e-9)
        let left = rate > 0 ? (Double(self.total) - done) / rate : 0
        let percent = (self.share * 100).formatted(0).padded(leftTo: 3)
        return
            "\(percent) %  \((done / 1e6).formatted(0).padded(leftTo: 6)) MB  \((rate * 8 / 1e9).formatted(2)) Gbit/s  "
            + "\(left.formatted(1)) s left"
    }
}

import Synchronization
import TernFigures

/// What was sent and what was answered; an interruption must not lose it.
final class PingTally: Sendable {
    private struct State {
        var sent = 0
        var repeated = 0
        /// In milliseconds.
        var times: [Double] = []
        var server = ""
    }

    private let state = Mutex(State())

    func send() { self.state.withLock { $0.sent += 1 } }

    func answer(_ time: Duration, isRepeated: Bool = false) {
        self.state.withLock {
            $0.times.append(time.seconds * 1e3)
            if isRepeated { $0.repeated += 1 }
        }
    }

    /// What went out and was cut off by the user counts neither way.
    func withdraw() { self.state.withLock { $0.sent -= 1 } }

    func note(server: String) { self.state.withLock { $0.server = server } }

    var isAnswered: Bool { self.state.withLock { !$0.times.isEmpty } }

    /// What `ping` says at the end.
    func summary(of name: String, noun: String) -> String {
        let state = self.state.withLock { $0 }
        let lost = state.sent - state.times.count
        let share =
            state.sent > 0 ? (Double(lost) * 100 / Double(state.sent)).formatted(lost % state.sent == 0 ? 0 : 1) : "0"
        var lines = [
            Style.bold("--- \(name), \(noun) ---"),
            "\(state.sent) sent, \(state.times.count) answered, \(share) % lost"
                + (state.repeated > 0 ? ", \(state.repeated) sent more than once" : ""),
        ]
        if let summary = TimeSummary(state.times) {
            let values = [summary.minimum, summary.average, summary.median, summary.maximum, summary.deviation]
            let texts = values.map { $0.formatted(3) }.joined(separator: "/")
            lines.append("min/avg/median/max/stddev = \(texts) ms")
        }
        return lines.joined(separator: "\n")
    }

    func json(of name: String, noun: String) -> String {
        let state = self.state.withLock { $0 }
        var object = JSONObject()
        object.add("server", name)
        object.add("address", state.server)
        object.add("what", noun)
        object.add("sent", state.sent)
        object.add("answered", state.times.count)
        object.add("repeated", state.repeated)
        if let summary = TimeSummary(state.times) {
            object.add("min_ms", summary.minimum)
            object.add("avg_ms", summary.average)
            object.add("median_ms", summary.median)
            object.add("max_ms", summary.maximum)
            object.add("stddev_ms", summary.deviation)
        }
        object.add("times_ms", state.times)
        return object.text
    }
}

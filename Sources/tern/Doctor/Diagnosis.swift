import QUIC
import QUICIO
import Synchronization

/// What was found so far. On a terminal each finding is shown at once; as JSON all of them at the end.
final class Diagnosis: Sendable {
    enum Verdict: String, Sendable {
        case good = "ok"
        /// It works, but look at it.
        case warning
        case bad = "failed"
    }

    struct Finding: Sendable {
        let section: String
        let name: String
        let verdict: Verdict
        let text: String
        let hint: String?
        let time: Duration?
        let figures: JSONObject?
    }

    private struct State {
        var section = ""
        var findings: [Finding] = []
    }

    private let state = Mutex(State())
    private let isJSON: Bool

    init(isJSON: Bool) { self.isJSON = isJSON }

    var hasFailures: Bool { self.count(.bad) > 0 }

    func begin(_ section: String) {
        let isFirst = self.state.withLock { state in
            state.section = section
            return state.findings.isEmpty
        }
        if !self.isJSON { Console.writeNow((isFirst ? "" : "\n") + Style.bold(section)) }
    }

    func good(_ name: String, _ text: String, time: Duration? = nil, _ figures: JSONObject? = nil) {
        self.report(.good, name, text, nil, time, figures)
    }

    func warn(
        _ name: String, _ text: String, hint: String? = nil, time: Duration? = nil, _ figures: JSONObject? = nil
    ) {
        self.report(.warning, name, text, hint, time, figures)
    }

    func fail(
        _ name: String, _ text: String, hint: String? = nil, time: Duration? = nil, _ figures: JSONObject? = nil
    ) {
        self.report(.bad, name, text, hint, time, figures)
    }

    /// Says how it ended.
    func finish(wasInterrupted: Bool) {
        let findings = self.state.withLock { $0.findings }
        if self.isJSON {
            var object = JSONObject()
            object.add("ok", !self.hasFailures && !wasInterrupted)
            object.add("interrupted", wasInterrupted)
            object.add("warnings", self.count(.warning))
            object.add("failures", self.count(.bad))
            object.add("findings", findings.map(\.json))
            return Console.write(object.text)
        }
        var words = [findings.count.counted("check")]
        let (failures, warnings) = (self.count(.bad), self.count(.warning))
        words.append(failures == 0 ? "nothing failed" : Style.red("\(failures) failed"))
        if warnings > 0 { words.append(Style.yellow(warnings.counted("warning"))) }
        if wasInterrupted { words.append("interrupted before the rest") }
        Console.writeNow("\n" + words.joined(separator: ", "))
    }

    private func count(_ verdict: Verdict) -> Int {
        self.state.withLock { state in state.findings.count { $0.verdict == verdict } }
    }

    private func report(
        _ verdict: Verdict, _ name: String, _ text: String, _ hint: String?, _ time: Duration?, _ figures: JSONObject?
    ) {
        // What fails because of Ctrl-C says nothing of the machine.
        if Task.isCancelled { return }
        let finding = self.state.withLock { state in
            let finding = Finding(
                section: state.section, name: name, verdict: verdict, text: text, hint: hint, time: time,
                figures: figures)
            state.findings.append(finding)
            return finding
        }
        if !self.isJSON { Console.writeNow(finding.lines) }
    }
}

extension Diagnosis.Finding {
    fileprivate var lines: String {
        let sign =
            switch self.verdict {
            case .good: Style.green("✓")
            case .warning: Style.yellow("!")
            case .bad: Style.red("✗")
            }
        let text = self.time.map { "\(self.text.printable) (\($0.text))" } ?? self.text.printable
        let line = "  \(sign) " + text.wrapped(to: Terminal.width - 4, indent: 4)
        guard let hint = self.hint else { return line }
        let words = hint.printable.wrapped(to: Terminal.width - 6, indent: 6)
        return line + "\n    → " + words
    }

    fileprivate var json: JSONObject {
        var object = JSONObject()
        object.add("section", self.section)
        object.add("check", self.name)
        object.add("verdict", self.verdict.rawValue)
        object.add("text", self.text)
        if let hint = self.hint { object.add("hint", hint) }
        if let time = self.time { object.add("seconds", time.seconds, digits: 6) }
        if let figures = self.figures { object.add("figures", figures) }
        return object
    }
}

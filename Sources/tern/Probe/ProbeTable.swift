import QUICIO

/// The results for people: a table with one row per server, cut into as many parts as the terminal needs, and below it
/// a line for whatever is wrong.
struct ProbeTable {
    let results: [ProbeResult]
    let steps: [ProbeStep]
    let isWide: Bool

    init(_ results: [ProbeResult], _ options: ProbeOptions) {
        self.results = results
        self.steps = ProbeStep.allCases.filter { options.steps.contains($0) }
        self.isWide = options.isWide
    }

    func text(width: Int) -> String {
        // Where nobody said anything, there is nothing but that to tell.
        let hasAnswers = self.results.contains { $0.isReached || !$0.versions.isEmpty }
        let parts = (hasAnswers ? self.parts(width) : []).enumerated().map { number, steps in
            // Those that were not reached have nothing to show beyond the first part.
            self.part(steps, number == 0 ? self.results : self.results.filter(\.isReached), width)
        }
        let problems = self.problems
        return (parts.filter { $0.contains("\n") } + (problems.isEmpty ? [] : [problems.joined(separator: "\n")]))
            .joined(separator: "\n\n")
    }

    // MARK: Columns

    /// The steps of each part: as many as fit beside the server's name.
    private func parts(_ width: Int) -> [[ProbeStep]] {
        guard !self.isWide else { return [self.steps] }
        let name = self.results.map(\.name.count).max() ?? 0
        var parts: [[ProbeStep]] = [[]]
        var room = width - name
        for step in self.steps {
            let needed = self.width(of: step) + 2
            if needed > room, parts.last?.isEmpty == false {
                parts.append([])
                room = width - name
            }
            parts[parts.count - 1].append(step)
            room -= needed
        }
        return parts
    }

    private func width(of step: ProbeStep) -> Int {
        self.results.reduce(step.heading.count) { max($0, $1.verdict(step).word.count) }
    }

    private func part(_ steps: [ProbeStep], _ results: [ProbeResult], _ width: Int) -> String {
        let numbers: Set<ProbeStep> = [.time, .datagrams, .pathMTU, .idle]
        var table = TextTable(
            [("server", .left)] + steps.map { ($0.heading, numbers.contains($0) ? .right : .left) })
        for result in results {
            let name = result.isReached ? result.name : Style.red(result.name)
            table.add([name] + steps.map { self.cell(result.verdict($0), $0) })
        }
        return table.text(width: self.isWide ? .max : width)
    }

    private func cell(_ verdict: ProbeVerdict, _ step: ProbeStep) -> String {
        step == .certificate && verdict.kind == .no ? Style.red(verdict.word) : verdict.styled
    }

    // MARK: Problems

    /// One line per server; one for all where three or more share a cause that lies between them and us.
    private var problems: [String] {
        let all = self.results.flatMap { result in result.problems.map { (result.name, $0) } }
        let groups = Dictionary(grouping: all.filter { $0.1.cause.isOfNetwork }, by: \.1.cause).filter { $1.count > 2 }
        var told: Set<ProbeProblem.Cause> = []
        var lines: [String] = []
        for (name, problem) in all {
            guard let group = groups[problem.cause] else {
                lines.append("\(Style.bold(name)): \(problem.text)")
                continue
            }
            if told.insert(problem.cause).inserted { lines.append(self.line(problem.cause, group)) }
        }
        return lines
    }

    private func line(_ cause: ProbeProblem.Cause, _ group: [(String, ProbeProblem)]) -> String {
        let share = Style.bold("\(group.count) of \(self.results.count) servers")
        let isAll = group.count == self.results.count
        let names = isAll ? "" : " (\(group.map(\.0).joined(separator: ", ")))"
        switch cause {
        case .name:
            return "\(share)\(names): their names are not resolved: "
                + (isAll
                    ? "this network has no working name server, or no way to the Internet"
                    : "check the names, and the DNS of this network")
        case .noRoute:
            return "\(share)\(names): no way there: "
                + (isAll ? "this computer is not connected to their network" : group[0].1.text)
        default:
            return "\(share)\(names): no answer to UDP: "
                + (isAll
                    ? "a firewall between this network and theirs drops it, or they are all gone"
                    : "nobody is there, or a firewall on the way swallows UDP")
        }
    }
}

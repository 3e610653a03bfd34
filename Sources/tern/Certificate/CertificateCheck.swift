import QUIC
import QUICEngine
import QUICIO

/// `tern cert check`
enum CertificateCheck {
    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        let isJSON = arguments.flag("--json")
        let file = try arguments.option("--ca")
        let name = try arguments.option("--name")
        let now = try arguments.option("--at").map { text in
            guard let time = UTCTime(parsing: text) else {
                throw UsageError(message: "--at is a day, such as 2027-01-31 or 2027-01-31T12:00:00, not \(text)")
            }
            return time.seconds
        }
        let store = try file.map { try TrustStore(file: $0) } ?? TrustStore.system()
        let source = try CertificateSource(&arguments)
        let chain = try await source.read()
        let asked = name ?? source.name
        let problems = store.problems(
            of: chain.map(\.der), name: asked, at: now ?? WallClock.seconds())
        let order = CertificateDescription.orderProblem(in: chain)
        if isJSON {
            Console.write(self.json(problems, name: asked, order: order).text)
        } else {
            Console.write(self.text(problems, source.place, name: asked, at: now, order: order))
        }
        return problems.isEmpty ? 0 : 1
    }

    private static func text(
        _ problems: [CertificateProblem], _ place: String, name: String?, at now: Int64?, order: String?
    ) -> String {
        var lines: [String] = []
        if problems.isEmpty {
            let subject = name.map { " for \($0.printable)" } ?? " (no --name was given, so names were not checked)"
            let time = now.map { " on \(UTCTime($0).date)" } ?? ""
            lines.append("\(Style.green("✓")) \(place): a client accepts it\(subject)\(time)")
        } else {
            let words = problems.map(\.description.printable).joined(separator: "; ")
            lines.append("\(Style.red("✗")) \(place): \(words)")
        }
        if let order { lines.append(CertificateReport.warning(order)) }
        return lines.joined(separator: "\n")
    }

    private static func json(_ problems: [CertificateProblem], name: String?, order: String?) -> JSONObject {
        var object = JSONObject()
        object.add("ok", problems.isEmpty)
        if let name { object.add("name", name) } else { object.addNull("name") }
        object.add(
            "problems",
            problems.map { problem in
                var entry = JSONObject()
                entry.add("kind", problem.kind.description)
                entry.add("text", problem.description)
                return entry
            })
        if let order { object.add("order_problem", order) } else { object.addNull("order_problem") }
        return object
    }
}

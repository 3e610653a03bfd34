import QUICIO

/// What goes to the terminal, and to whatever it was redirected to.
enum Console {
    static let isTerminal = Terminal.isTerminal

    static func write(_ text: String) { print(text) }

    /// At once, for whoever reads along through a pipe.
    static func writeNow(_ text: String) { Terminal.write("\(text)\n") }

    /// Sends what was written on its way, also where it goes into a pipe.
    static func flush() { Terminal.flush() }

    static func complain(_ text: String) { Terminal.writeError("tern: \(text)\n") }

    /// What the user should know although the work goes on.
    static func warn(_ text: String) { Terminal.writeError("tern: warning: \(text)\n") }

    /// Replaces the last progress line; silent where nobody watches.
    static func progress(_ text: String) {
        guard self.isTerminal else { return }
        Terminal.writeError("\r\u{1B}[2K\(text)")
    }

    static func endProgress() {
        guard self.isTerminal else { return }
        Terminal.writeError("\r\u{1B}[2K")
    }
}

func exitProcess(_ code: Int32) -> Never { Terminal.exit(code) }

/// Two columns, names and values.
struct Table {
    private var rows: [(String, String)] = []

    mutating func add(_ name: String, _ value: String) { self.rows.append((name, value)) }

    var text: String {
        let width = self.rows.map(\.0.count).max() ?? 0
        return self.rows.map { "  \($0.0.padded(to: width))   \($0.1)" }.joined(separator: "\n")
    }
}

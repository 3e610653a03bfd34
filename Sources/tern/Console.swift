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

/// One JSON object, in the order in which it was filled.
struct JSONObject {
    private var members: [String] = []

    mutating func add(_ name: String, _ value: Bool) { self.members.append("\(Self.quote(name)): \(value)") }
    mutating func add(_ name: String, _ value: String) {
        self.members.append("\(Self.quote(name)): \(Self.quote(value))")
    }
    mutating func add(_ name: String, _ value: some BinaryInteger) {
        self.members.append("\(Self.quote(name)): \(value)")
    }
    mutating func add(_ name: String, _ value: Double, digits: Int = 3) {
        self.members.append("\(Self.quote(name)): \(value.isFinite ? value.formatted(digits) : "null")")
    }
    mutating func add(_ name: String, _ values: [Double], digits: Int = 3) {
        self.members.append("\(Self.quote(name)): [\(values.map { $0.formatted(digits) }.joined(separator: ", "))]")
    }

    var text: String { "{\(self.members.joined(separator: ", "))}" }

    private static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default:
                if scalar.value < 0x20 {
                    result += "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
                    result += String(scalar.value, radix: 16)
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}

import QUICIO

/// How words look on a terminal; plain wherever nobody watches, and where `NO_COLOR` is set.
enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"

    private static let isUsed =
        Terminal.showsOutput && ProcessEnvironment.value("NO_COLOR") == nil
        && ProcessEnvironment.value("TERM") != "dumb"

    func callAsFunction(_ text: String) -> String {
        Self.isUsed && !text.isEmpty ? "\u{1B}[\(self.rawValue)m\(text)\u{1B}[0m" : text
    }
}

extension String {
    /// How many columns the text takes: escape sequences take none.
    var columns: Int {
        guard self.utf8.contains(0x1B) else { return self.count }
        var count = 0
        var isEscape = false
        for character in self {
            if isEscape {
                isEscape = character != "m"
            } else if character == "\u{1B}" {
                isEscape = true
            } else {
                count += 1
            }
        }
        return count
    }

    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(width - self.columns, 0)) }
    func padded(leftTo width: Int) -> String { String(repeating: " ", count: max(width - self.columns, 0)) + self }

    /// What a peer wrote, fit for a terminal: control characters could move its cursor, or worse.
    var printable: String {
        String(
            String.UnicodeScalarView(
                self.unicodeScalars.map { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? "\u{FFFD}" : $0 }))
    }
}

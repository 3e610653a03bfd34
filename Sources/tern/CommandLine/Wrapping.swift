extension String {
    /// Broken between words, and where a word is too long inside it; lines after the first are indented.
    func wrapped(to width: Int, indent: Int) -> String {
        let width = max(width, 16)
        var lines = [""]
        for word in self.split(separator: " ", omittingEmptySubsequences: false).map(String.init) {
            var word = word
            let gap = lines[lines.count - 1].isEmpty ? "" : " "
            if (lines[lines.count - 1] + gap + word).columns <= width {
                lines[lines.count - 1] += gap + word
                continue
            }
            if !lines[lines.count - 1].isEmpty { lines.append("") }
            // A word with an escape sequence is short, and must not be cut.
            while word.columns == word.count, word.count > width {
                lines[lines.count - 1] = String(word.prefix(width))
                lines.append("")
                word = String(word.dropFirst(width))
            }
            lines[lines.count - 1] = word
        }
        return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    /// Without line ends and spaces behind it.
    var trimmedEnd: String {
        String(self[..<(self.lastIndex { !$0.isWhitespace }.map { self.index(after: $0) } ?? self.startIndex)])
    }
}

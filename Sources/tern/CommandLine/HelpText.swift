/// A help text, broken to fit the terminal: paragraphs flow, and what explains an option stays in its column.
enum HelpText {
    /// What every command's exit codes mean where it says nothing else.
    private static let exitCodes = "Exit codes: 0 done, 1 failed, 2 not understood."

    /// The text with no line longer than `width`, where its words allow it.
    static func fitted(_ text: String, width: Int) -> String {
        let complete = text.contains("Exit codes:") ? text : "\(text)\n\n\(self.exitCodes)"
        return self.blocks(of: complete).map { self.fitted($0, width: max(width, 30)) }.joined(separator: "\n")
    }

    /// Lines that belong together: the first one's indentation, and the column that the others begin in.
    private struct Block {
        var indent: Int
        var column: Int
        /// What stands before the column: an option.
        var label: String
        var lines: [String]
        var isFixed: Bool
    }

    private static func blocks(of text: String) -> [Block] {
        var blocks: [Block] = []
        var isLiteral = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let indent = line.prefix { $0 == " " }.count
            if indent == 0 { isLiteral = line.hasPrefix("Usage:") || line.hasPrefix("Example") }
            if let last = blocks.last, !line.isEmpty, !isLiteral, !last.isFixed, self.continues(last, indent, line) {
                blocks[blocks.count - 1].lines.append(String(line.dropFirst(indent)))
            } else {
                blocks.append(self.block(line, indent, isFixed: isLiteral || line.isEmpty))
            }
        }
        return blocks
    }

    private static func continues(_ block: Block, _ indent: Int, _ line: String) -> Bool {
        guard indent == block.column else { return false }
        return !block.label.isEmpty || (indent == 0 && !line.hasPrefix("Exit codes:"))
    }

    /// An option and its explanation stand two blanks apart.
    private static func block(_ line: String, _ indent: Int, isFixed: Bool) -> Block {
        let body = line.dropFirst(indent)
        guard indent > 0, !isFixed, let gap = body.firstRange(of: "  ") else {
            return Block(indent: indent, column: indent, label: "", lines: [String(body)], isFixed: isFixed)
        }
        let rest = body[gap.upperBound...].drop { $0 == " " }
        return Block(
            indent: indent, column: line.distance(from: line.startIndex, to: rest.startIndex),
            label: String(body[..<gap.lowerBound]), lines: [String(rest)], isFixed: false)
    }

    private static func fitted(_ block: Block, width: Int) -> String {
        let label = String(repeating: " ", count: block.indent) + block.label
        let isWide = block.lines.contains { $0.count + block.column > width }
        guard isWide, !block.isFixed else {
            let first = block.label.isEmpty ? label : label.padded(to: block.column)
            let rest = block.lines.dropFirst().map { String(repeating: " ", count: block.column) + $0 }
            return ([first + (block.lines.first ?? "")] + rest).joined(separator: "\n")
        }
        // Where the column leaves no room for words, they go below the option.
        let isNarrow = !block.label.isEmpty && width - block.column < 30
        let column = isNarrow ? block.indent + 4 : block.column
        let margin = String(repeating: " ", count: column)
        let flowed = block.lines.joined(separator: " ").wrapped(to: width - column, indent: column)
        return isNarrow ? "\(label)\n\(margin)\(flowed)" : label.padded(to: column) + flowed
    }
}

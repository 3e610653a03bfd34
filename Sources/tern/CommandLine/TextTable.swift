/// Rows under headings. Where the terminal is too narrow, each row becomes a paragraph of its own.
struct TextTable {
    enum Alignment { case left, right }

    private let headings: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    init(_ columns: (String, Alignment)...) { self.init(columns) }

    init(_ columns: [(String, Alignment)]) {
        self.headings = columns.map(\.0)
        self.alignments = columns.map(\.1)
    }

    mutating func add(_ cells: [String]) {
        self.rows.append(Array(cells.prefix(self.headings.count)))
    }

    /// The table, no line longer than `width` as long as its cells allow it.
    func text(width: Int) -> String {
        let widths = self.headings.indices.map { column in
            self.rows.reduce(self.headings[column].columns) { max($0, column < $1.count ? $1[column].columns : 0) }
        }
        if widths.reduce(0, +) + 2 * (widths.count - 1) > width { return self.paragraphs }
        let heading = self.line(self.headings.map { Style.bold($0) }, widths)
        return ([heading] + self.rows.map { self.line($0, widths) }).joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            if column > 0 { line += "  " }
            let isLast = column == cells.count - 1
            switch self.alignments[column] {
            case .right: line += cell.padded(leftTo: widths[column])
            case .left: line += isLast ? cell : cell.padded(to: widths[column])
            }
        }
        return line
    }

    private var paragraphs: String {
        let label = self.headings.dropFirst().map(\.columns).max() ?? 0
        return self.rows.map { row in
            let title = Style.bold(row.first ?? "")
            let lines = zip(self.headings, row).dropFirst().filter { !$1.isEmpty }
                .map { "  \($0.padded(to: label))  \($1)" }
            return ([title] + lines).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}

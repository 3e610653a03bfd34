/// One command of `tern`.
protocol Command {
    static var name: String { get }
    static var summary: String { get }
    static var help: String { get }
    /// Does the work and returns the exit code.
    static func run(_ arguments: inout Arguments) async throws -> Int32
}

/// The command line was not understood.
struct UsageError: Error {
    let message: String
}

/// The words behind a command, taken from the front.
struct Arguments {
    private var words: [String]

    init(_ words: [String]) { self.words = words }

    mutating func next() -> String? { self.words.isEmpty ? nil : self.words.removeFirst() }

    /// `--name=value` is understood as `--name value`.
    mutating func splitAssignments() {
        self.words = self.words.flatMap { word -> [String] in
            guard word.hasPrefix("--"), let sign = word.firstIndex(of: "=") else { return [word] }
            return [String(word[..<sign]), String(word[word.index(after: sign)...])]
        }
    }

    /// The next word, which stays.
    func peek() -> String? { self.words.first }

    func contains(_ word: String) -> Bool { self.words.contains(word) }

    /// Takes a flag out, wherever it stands.
    mutating func flag(_ name: String) -> Bool {
        guard let index = self.words.firstIndex(of: name) else { return false }
        self.words.remove(at: index)
        return true
    }

    /// Takes an option and its value out, wherever they stand.
    mutating func option(_ name: String) throws -> String? {
        guard let index = self.words.firstIndex(of: name) else { return nil }
        guard index + 1 < self.words.count else { throw UsageError(message: "\(name) needs a value") }
        defer { self.words.removeSubrange(index...(index + 1)) }
        return self.words[index + 1]
    }

    mutating func number(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        guard let text = try self.option(name) else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw UsageError(
                message: "\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not \(text)")
        }
        return value
    }

    func end() throws {
        if let word = self.words.first { throw UsageError(message: "\(word) is not understood") }
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(width - self.count, 0)) }
    func padded(leftTo width: Int) -> String { String(repeating: " ", count: max(width - self.count, 0)) + self }
}

extension Double {
    /// With so many digits behind the point, without Foundation.
    func formatted(_ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard self.isFinite, abs(self) * scale < 1e15 else { return "\(self)" }
        let scaled = Int64((self * scale) + (self < 0 ? -0.5 : 0.5))
        guard digits > 0 else { return "\(scaled)" }
        let sign = scaled < 0 ? "-" : ""
        let text = String(scaled.magnitude)
        let filled = String(repeating: "0", count: max(digits + 1 - text.count, 0)) + text
        return sign + filled.dropLast(digits) + "." + filled.suffix(digits)
    }
}

extension Duration {
    /// This duration in seconds, for printing and for rates.
    var seconds: Double { Double(self.components.seconds) + Double(self.components.attoseconds) * 1e-18 }
}

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

    /// Words between commas.
    mutating func list(_ name: String) throws -> [String]? {
        try self.option(name).map { $0.split(separator: ",").map(String.init) }
    }

    mutating func whole(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = try self.option(name) else { return nil }
        guard let value = Self.count(text), range.contains(value) else {
            throw UsageError(
                message: "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(text)")
        }
        return value
    }

    mutating func seconds(_ name: String) throws -> Duration? {
        try self.number(name, 0...1e6).map { .microseconds(Int64($0 * 1e6)) }
    }

    mutating func port(_ name: String) throws -> UInt16? {
        try self.whole(name, 0...65_535).map { UInt16($0) }
    }

    /// One of a few words.
    mutating func choice<T>(_ name: String, _ choices: [String: T]) throws -> T? {
        guard let word = try self.option(name) else { return nil }
        return try Self.choose(word, name, choices)
    }

    static func choose<T>(_ word: String, _ what: String, _ choices: [String: T]) throws -> T {
        guard let choice = choices[word] else {
            throw UsageError(
                message: "\(what) is one of \(choices.keys.sorted().joined(separator: ", ")), not \(word)")
        }
        return choice
    }

    /// 20000, 20k, 20M or 20G (powers of ten).
    private static func count(_ text: String) -> Int? {
        let factors: [Character: Int] = ["k": 1_000, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000]
        guard let last = text.last, let factor = factors[last] else { return Int(text) }
        guard let number = Int(text.dropLast()) else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        return overflows ? nil : product
    }
}

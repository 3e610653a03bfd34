/// What `tern perf client` is to measure, and how.
struct PerfOptions: Sendable {
    /// How long a test goes on.
    enum Extent: Sendable {
        /// So many bytes, requests or handshakes.
        case amount(Int)
        case time(Duration)
    }

    struct Test: Sendable {
        enum Kind: String, Sendable { case download, upload, both, requests, handshakes, resumptions }

        var kind: Kind
        var extent: Extent
    }

    var tests: [Test] = []
    var streams: Int
    var connections: Int
    var concurrency: Int
    var requestSize: Int
    var responseSize: Int
    var isOnLoop: Bool
    var isJSON: Bool

    init(_ arguments: inout Arguments) throws {
        let time = try arguments.number("--time", 0.1...86_400).map { Duration.milliseconds(Int64($0 * 1_000)) }
        let all = arguments.flag("--all")
        let resumes = arguments.flag("--resume")
        let standard = Extent.time(time ?? .seconds(all ? 3 : 5))
        let kinds: [(String, Test.Kind)] = [
            ("--down", .download), ("--up", .upload), ("--both", .both), ("--requests", .requests),
            ("--handshakes", resumes ? .resumptions : .handshakes),
        ]
        for (name, kind) in kinds {
            guard let amount = try arguments.amount(name, 1...1_000_000_000_000_000) else { continue }
            if case .some(let value) = amount, time != nil {
                throw UsageError(message: "\(name) \(value) says how much, and --time how long: choose one")
            }
            self.tests.append(Test(kind: kind, extent: amount.map { .amount($0) } ?? standard))
        }
        if all {
            guard self.tests.isEmpty else { throw UsageError(message: "--all is every test already") }
            self.tests = [.download, .upload, .both, .requests, .handshakes, .resumptions].map {
                Test(kind: $0, extent: standard)
            }
        }
        guard !resumes || self.tests.contains(where: { $0.kind == .resumptions }) else {
            throw UsageError(message: "--resume belongs to --handshakes")
        }
        if self.tests.isEmpty { self.tests = [.download, .upload].map { Test(kind: $0, extent: standard) } }
        self.streams = try arguments.whole("--streams", 1...10_000) ?? 1
        self.connections = try arguments.whole("--connections", 1...10_000) ?? 1
        self.concurrency = try arguments.whole("--concurrency", 1...10_000) ?? 1
        self.requestSize = try arguments.whole("--request-size", 8...1_000_000_000) ?? 100
        self.responseSize = try arguments.whole("--response-size", 0...1_000_000_000) ?? 100
        self.isOnLoop = try arguments.choice("--on", ["loop": true, "pool": false]) ?? true
        self.isJSON = arguments.flag("--json")
    }
}

extension Arguments {
    /// An option whose value may be left out. nil: it is not there; a nil inside: it has no value.
    mutating func amount(_ name: String, _ range: ClosedRange<Int>) throws -> Int?? {
        var words: [String] = []
        while let word = self.next() { words.append(word) }
        guard let index = words.firstIndex(of: name) else {
            self = Arguments(words)
            return nil
        }
        let hasValue =
            index + 1 < words.count && words[index + 1].first?.isNumber == true
            && !words[index + 1].contains { $0 == ":" || $0 == "." }
        guard hasValue else {
            words.remove(at: index)
            self = Arguments(words)
            return .some(nil)
        }
        self = Arguments(words)
        return .some(try self.whole(name, range))
    }
}

import Synchronization

/// Lines that several threads add to.
final class LineLog: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { self.lines.withLock { $0.append(line) } }

    func contains(_ words: String) -> Bool { self.lines.withLock { $0.contains { $0.contains(words) } } }
}

import Foundation

/// A bar on the terminal, where there is one.
actor Progress {
    private(set) var done = 0
    private let total: Int
    private let isWatched = isatty(STDERR_FILENO) == 1
    private var drawn = -1

    init(total: Int) { self.total = max(total, 1) }

    func add(_ count: Int) {
        self.done += count
        let percent = min(self.done * 100 / self.total, 100)
        guard self.isWatched, percent != self.drawn else { return }
        self.drawn = percent
        let bar = String(repeating: "█", count: percent / 4) + String(repeating: "░", count: 25 - percent / 4)
        Self.draw("\r  \(bar) \(percent) %  \(self.done >> 20) of \(self.total >> 20) MiB")
    }

    /// Clears the line.
    func end() { if self.isWatched { Self.draw("\r\u{1B}[2K") } }

    private static func draw(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

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

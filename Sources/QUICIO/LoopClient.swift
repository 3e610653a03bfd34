/// Somebody who works on an event loop: owns sockets, has a deadline, and can be signalled from any thread.
public protocol LoopClient: AnyObject, Sendable {
    /// Does the work that is due, and returns when it wants its next turn.
    ///
    /// Runs on the loop's thread outside any job, so `assumeIsolated` of an actor on the loop works in it. Nil means
    /// only when something happens. An instant that has passed means at once, after the other clients and the jobs had
    /// their turn. The clock is ``MonotonicClock``.
    func turn(now: UInt64, readiness: LoopReadiness) -> UInt64?
}

/// Why a client of an event loop has a turn.
public struct LoopReadiness: OptionSet, Hashable, Sendable {
    /// The reasons as bits.
    public let rawValue: UInt8

    /// Creates a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A watched socket has something to read, or an error to report.
    public static let readable = LoopReadiness(rawValue: 1)
    /// A socket that was awaited has room again.
    public static let writable = LoopReadiness(rawValue: 2)
    /// Somebody called ``EventLoop/signal(_:)``.
    public static let signalled = LoopReadiness(rawValue: 4)
    /// The instant that the client asked for has come.
    public static let timer = LoopReadiness(rawValue: 8)
}

/// What the peer may send on all streams together (RFC 9000 §4.1): bytes that were consumed may be sent again, and the window
/// grows where it may be what limits the rate.
///
/// The library could do that, too, but it keeps credit back until half of the window, as far as it has grown, was consumed.
/// What is unread on streams that nobody looks at never comes back as credit: with one half of the window unread, the other
/// would be kept back for ever. So the library is told of an eighth of the first window, in which it keeps back a sixteenth
/// at most, and gets everything else from here.
struct ConnectionWindow {
    /// How much the peer may send before something is consumed.
    private(set) var size: UInt64
    private let maximum: UInt64
    /// What was consumed since the last half of the window was complete, and when that was.
    private var consumed: UInt64 = 0
    private var completed: EngineInstant?

    init(_ limits: EngineConfiguration.FlowControl) {
        self.size = limits.connectionWindow
        self.maximum = limits.maximumConnectionWindow
    }

    /// Notes that `count` bytes were consumed, and returns how many more the peer may send.
    mutating func consume(_ count: UInt64, now: EngineInstant, roundTrip: () -> Duration) -> UInt64 {
        self.consumed &+= count
        guard self.consumed >= self.size / 2 else { return count }
        let last = self.completed
        self.consumed = 0
        self.completed = now
        // Half of it in less than two round trips: the peer could have used up all of it before it heard of that.
        guard self.size < self.maximum, let last, now.duration(since: last) < roundTrip() * 2 else { return count }
        let growth = min(self.size, self.maximum - self.size)
        self.size += growth
        return count &+ growth
    }
}

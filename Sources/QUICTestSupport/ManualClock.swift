public import QUICEngine

/// A clock that stands still until a test moves it.
///
///     let clock = ManualClock()
///     clock.advance(by: .milliseconds(20))
public final class ManualClock {
    /// The present instant; one second at first, so that nothing mistakes it for "never".
    public private(set) var now = EngineInstant(nanoseconds: 1_000_000_000)

    /// Creates a clock that shows one second.
    public init() {}

    /// Moves the clock to `instant`; an instant in the past leaves it where it is.
    public func advance(to instant: EngineInstant) {
        self.now = max(self.now, instant)
    }

    /// Moves the clock forward; a negative duration leaves it where it is.
    public func advance(by duration: Duration) {
        self.now = self.now.advanced(by: duration)
    }
}

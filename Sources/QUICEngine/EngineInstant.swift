/// A point on the caller's monotonic clock, in nanoseconds. The engine has no clock of its own.
///
///     let start = EngineInstant(nanoseconds: 1_000_000_000)
///     let later = start.advanced(by: .milliseconds(20))
///     assert(later > start)
public struct EngineInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since an origin that the caller chose.
    public var nanoseconds: UInt64

    /// Creates an instant from nanoseconds since the caller's origin.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Returns the instant that lies `duration` later, or the far end of time where it would not fit.
    public func advanced(by duration: Duration) -> EngineInstant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(duration.clampedNanoseconds)
        return EngineInstant(nanoseconds: overflow ? .max : sum)
    }

    /// Returns the time from `earlier` to this instant; zero where `earlier` is in fact later.
    public func duration(since earlier: EngineInstant) -> Duration {
        guard self.nanoseconds > earlier.nanoseconds else { return .zero }
        return .clamped(nanoseconds: self.nanoseconds - earlier.nanoseconds)
    }

    /// Compares two instants of the same clock.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.nanoseconds < rhs.nanoseconds }
}

extension Duration {
    /// This duration in whole nanoseconds; negative ones count as zero, ones beyond 64 bits as the largest.
    package var clampedNanoseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return .max }
        let (sum, carry) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return carry ? .max : sum
    }

    /// A duration from nanoseconds; what does not fit 63 bits is cut.
    package static func clamped(nanoseconds: UInt64) -> Duration {
        .nanoseconds(Int64(min(nanoseconds, UInt64(Int64.max))))
    }

    /// This duration in seconds, for printing and for rates.
    package var inSeconds: Double {
        let (seconds, attoseconds) = self.components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

internal import CLinuxUDP
internal import Glibc

/// The clock that timers run on: it never goes back, and setting the date does not move it.
///
///     let start = MonotonicClock.now()
///     work()
///     print("took \(MonotonicClock.elapsed(since: start))")
///
/// It stands still while the host is suspended.
public enum MonotonicClock {
    /// Nanoseconds since an arbitrary point, usually the start of the host.
    public static func now() -> UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }

    /// The time since `start`, which ``now()`` told.
    public static func elapsed(since start: UInt64) -> Duration {
        .nanoseconds(Int64(clamping: self.now() &- start))
    }
}

/// The time of day, for certificates, tokens and log lines; never for timers, because people and NTP set it.
public enum WallClock {
    /// Nanoseconds since 1970 in UTC, leap seconds not counted.
    public static func now() -> UInt64 { nanoseconds(of: CLOCK_REALTIME) }

    /// Seconds since 1970 in UTC, as certificates count.
    public static func seconds() -> Int64 { Int64(self.now() / 1_000_000_000) }
}

/// How much processor time this process has used, in all its threads: what benchmarks divide by.
public enum ProcessorClock {
    /// Nanoseconds of processor time, user and system together.
    public static func now() -> UInt64 { nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID) }
}

/// How much processor time the calling thread has used.
public enum ThreadClock {
    /// Nanoseconds of processor time, user and system together.
    public static func now() -> UInt64 { nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) }
}

/// The only reader of system clocks in the package.
///
/// A clock set before 1970 reads zero.
private func nanoseconds(of clock: clockid_t) -> UInt64 {
    var time = timespec()
    // Fails only for an unknown clock or a bad address, neither of which can be here.
    guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
    return nanoseconds(seconds: time.tv_sec, fraction: time.tv_nsec)
}

/// Joins the two parts of a `timespec`; what lies outside 64 bits becomes the nearest value inside.
func nanoseconds(seconds: Int, fraction: Int) -> UInt64 {
    guard seconds >= 0, fraction >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(UInt64(fraction))
    return overflow || carry ? .max : sum
}

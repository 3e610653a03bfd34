internal import Testing

@testable internal import QUICIO

@Suite struct ClockTests {
    @Test("The monotonic clock never goes back")
    func neverBack() {
        var last = MonotonicClock.now()
        for _ in 0..<10_000 {
            let now = MonotonicClock.now()
            #expect(now >= last)
            last = now
        }
    }

    @Test("The monotonic clock agrees with the clock of the standard library about how long a sleep took")
    func agreesWithSleep() async throws {
        let start = MonotonicClock.now()
        let slept = try await ContinuousClock().measure { try await Task.sleep(for: .milliseconds(20)) }
        let elapsed = Duration.nanoseconds(Int64(MonotonicClock.now() - start))
        #expect(elapsed >= .milliseconds(19))
        #expect(elapsed >= slept - .milliseconds(1))
        #expect(elapsed < slept + .seconds(5))
    }

    @Test("The wall clock counts nanoseconds since 1970")
    func wallClock() {
        let seconds = WallClock.now() / 1_000_000_000
        #expect(seconds > 1_750_000_000, "before 2025: the unit or the origin is wrong")
        #expect(seconds < 7_258_118_400, "after 2200: the unit or the origin is wrong")
    }

    @Test("A thread's processor time grows as the thread works, and never by more than the process's")
    func threadTime() {
        let process = ProcessorClock.now()
        let start = ThreadClock.now()
        var last = start
        while last - start < 1_000_000 {
            let now = ThreadClock.now()
            #expect(now >= last)
            last = now
        }
        #expect(ProcessorClock.now() - process >= last - start)
    }

    @Test("The two parts of a time join without overflow")
    func joining() {
        #expect(nanoseconds(seconds: 0, fraction: 0) == 0)
        #expect(nanoseconds(seconds: 2, fraction: 999_999_999) == 2_999_999_999)
        #expect(nanoseconds(seconds: -1, fraction: 5) == 0)
        #expect(nanoseconds(seconds: 1, fraction: -5) == 0)
        #expect(nanoseconds(seconds: 18_446_744_073, fraction: 709_551_615) == .max)
        #expect(nanoseconds(seconds: 18_446_744_073, fraction: 709_551_616) == .max)
        #expect(nanoseconds(seconds: .max, fraction: 0) == .max)
    }
}

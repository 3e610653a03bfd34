internal import CNGTCP2
internal import Synchronization

/// The clock of GnuTLS, which can be set back for one call, on one thread.
///
/// GnuTLS exports what replaces its clock for its own tests only, so a library without it is nothing unusual.
enum LibraryClock {
    /// Replaced once and for good. Everybody who asks is told the time of day, as GnuTLS would have: that other
    /// threads may be using sessions meanwhile makes no difference to them.
    private static let isReplaced = Self.replace("_gnutls_global_set_gettime_function")

    private static let turn = Mutex(())
    /// The thread that is inside ``setBack(by:notBefore:during:)``. No thread has the number 0.
    private static let thread = Atomic<UInt64>(0)
    // Written and read by that thread alone.
    private static let seconds = Atomic<Int64>(0)
    private static let earliest = Atomic<Int64>(.min)
    private static let wasAsked = Atomic(false)

    /// Runs `body`, to which it is `seconds` ago, or the second `earliest` since 1970 if that is later. False where
    /// GnuTLS did not ask this clock, and took the present.
    static func setBack(by seconds: Int64, notBefore earliest: Int64, during body: () -> Void) -> Bool {
        guard self.isReplaced else {
            body()
            return false
        }
        return self.turn.withLock { _ in
            self.seconds.store(seconds, ordering: .relaxed)
            self.earliest.store(earliest, ordering: .relaxed)
            self.wasAsked.store(false, ordering: .relaxed)
            self.thread.store(tern_this_thread(), ordering: .relaxed)
            body()
            self.thread.store(0, ordering: .relaxed)
            return self.wasAsked.load(ordering: .relaxed)
        }
    }

    /// False where the library has no such function.
    static func replace(_ setter: String) -> Bool {
        let result = unsafe tern_replace_clock(setter) { time in
            guard let time = unsafe time else { return }
            unsafe tern_read_clock(time)
            guard Self.thread.load(ordering: .relaxed) == tern_this_thread() else { return }
            unsafe tern_set_back(
                time, Self.seconds.load(ordering: .relaxed), Self.earliest.load(ordering: .relaxed))
            Self.wasAsked.store(true, ordering: .relaxed)
        }
        return result != 0
    }
}

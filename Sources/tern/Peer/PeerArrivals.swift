import QUICIO
import Synchronization

/// How many bytes came in each interval since the start.
final class PeerArrivals: Sendable {
    private let started = MonotonicClock.now()
    private let interval: UInt64
    private let state = Mutex<[Int]>([])

    init(interval: Duration) { self.interval = max(UInt64(interval.seconds * 1e9), 1) }

    var counts: [Int] { self.state.withLock { $0 } }

    func add(_ count: Int) {
        let index = Int((MonotonicClock.now() - self.started) / self.interval)
        self.state.withLock { counts in
            while counts.count <= index { counts.append(0) }
            counts[index] += count
        }
    }
}

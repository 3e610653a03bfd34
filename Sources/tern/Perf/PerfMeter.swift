import QUICIO
import Synchronization
import TernFigures

/// What the workers of one test have done so far.
final class PerfMeter: Sendable {
    private let begun = MonotonicClock.now()
    private let processor = ProcessorClock.now()
    private let deadline: UInt64?
    private let sentBytes = Atomic<UInt64>(0)
    private let receivedBytes = Atomic<UInt64>(0)
    private let started = Atomic<Int>(0)
    private let isEnded = Atomic<Bool>(false)
    private let times = Mutex(LatencyHistogram())
    private let limit: Int?

    init(_ extent: PerfOptions.Extent) {
        switch extent {
        case .amount(let amount): (self.deadline, self.limit) = (nil, amount)
        case .time(let time): (self.deadline, self.limit) = (self.begun + UInt64(time.seconds * 1e9), nil)
        }
    }

    var sent: UInt64 { self.sentBytes.load(ordering: .relaxed) }
    var received: UInt64 { self.receivedBytes.load(ordering: .relaxed) }
    var histogram: LatencyHistogram { self.times.withLock { $0 } }
    var elapsed: Duration { MonotonicClock.elapsed(since: self.begun) }
    var processorTime: Duration { .nanoseconds(Int64(clamping: ProcessorClock.now() - self.processor)) }

    /// Whether the time is up.
    var isOver: Bool {
        self.isEnded.load(ordering: .relaxed) || self.deadline.map { MonotonicClock.now() >= $0 } ?? false
    }

    func end() { self.isEnded.store(true, ordering: .relaxed) }

    /// Whether there is another request to make.
    func takesTurn() -> Bool {
        guard !self.isOver else { return false }
        guard let limit = self.limit else { return true }
        return self.started.wrappingAdd(1, ordering: .relaxed).newValue <= limit
    }

    /// Counts bytes, and says whether that was enough.
    func add(sent: Int, received: Int) -> Bool {
        if sent > 0 { self.sentBytes.wrappingAdd(UInt64(sent), ordering: .relaxed) }
        if received > 0 { self.receivedBytes.wrappingAdd(UInt64(received), ordering: .relaxed) }
        return self.isOver
    }

    func record(since start: UInt64) {
        let time = MonotonicClock.now() - start
        self.times.withLock { $0.record(nanoseconds: time) }
    }

    /// Shows, on a terminal, what goes on now, twice a second.
    func showProgress(_ kind: PerfOptions.Test.Kind) async {
        guard Console.isTerminal else { return }
        var (before, last) = (self.done(kind), MonotonicClock.now())
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            let (done, now) = (self.done(kind), MonotonicClock.now())
            let interval = Duration.nanoseconds(Int64(clamping: now - last))
            let rate =
                kind.isTransfer
                ? ByteCount.rate(done - before, in: interval) + "  " + ByteCount.text(done)
                : "\((Double(done - before) / max(interval.seconds, 1e-9)).formatted(0))/s  \(done) done"
            Console.progress(String("\(kind.rawValue)  \(self.elapsed.text)  \(rate)".prefix(Terminal.width - 1)))
            (before, last) = (done, now)
        }
        Console.endProgress()
    }

    private func done(_ kind: PerfOptions.Test.Kind) -> UInt64 {
        kind.isTransfer ? self.sent + self.received : self.times.withLock { $0.count }
    }
}

extension PerfOptions.Test.Kind {
    var isTransfer: Bool { [.download, .upload, .both].contains(self) }
}

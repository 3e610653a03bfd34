internal import Synchronization

/// Counts what an endpoint has at work, so that tests can see that nothing is left when it is over.
final class Ledger: Sendable {
    private let parkedCount = Atomic<Int>(0)
    private let streamCount = Atomic<Int>(0)
    private let wakeCount = Atomic<UInt64>(0)

    /// Tasks that wait for something of the endpoint.
    var parked: Int { self.parkedCount.load(ordering: .relaxed) }
    /// Streams that an application or a connection holds.
    var streams: Int { self.streamCount.load(ordering: .relaxed) }

    /// How often one of them was woken.
    var wakes: UInt64 { self.wakeCount.load(ordering: .relaxed) }

    func resetWakes() { self.wakeCount.store(0, ordering: .relaxed) }

    func park() { self.parkedCount.wrappingAdd(1, ordering: .relaxed) }
    func unpark() {
        self.parkedCount.wrappingSubtract(1, ordering: .relaxed)
        self.wakeCount.wrappingAdd(1, ordering: .relaxed)
    }
    func openStream() { self.streamCount.wrappingAdd(1, ordering: .relaxed) }
    func closeStream() { self.streamCount.wrappingSubtract(1, ordering: .relaxed) }
}

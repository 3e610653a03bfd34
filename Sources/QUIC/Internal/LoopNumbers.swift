internal import Synchronization

/// Spreads endpoints over the process's event loops.
enum LoopNumbers {
    private static let latest = Atomic<Int>(0)

    static func next() -> Int { self.latest.wrappingAdd(1, ordering: .relaxed).oldValue }
}

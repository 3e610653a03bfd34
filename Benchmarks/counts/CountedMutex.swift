internal import Synchronization

// Put into each module of a copy of the sources by scripts/counts, where it takes the place of Synchronization's Mutex:
// what a module declares itself goes before what it imports. The fast path of that Mutex is inlined, so nothing outside
// the program can see it.

@_silgen_name("tern_counts_lock") private func countLock()

/// The Mutex of Synchronization, which counts how often it is taken.
struct Mutex<Value: ~Copyable>: ~Copyable {
    private let counted: Synchronization.Mutex<Value>

    init(_ value: consuming sending Value) { self.counted = Synchronization.Mutex(value) }

    borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        countLock()
        return try self.counted.withLock(body)
    }
}

extension Mutex: @unchecked Sendable where Value: ~Copyable {}

import Synchronization

/// Keeps what closures that may run anywhere were given.
final class Recorder<Value: Sendable>: Sendable {
    private let storage = Mutex<[Value]>([])

    var values: [Value] { self.storage.withLock { $0 } }

    func record(_ value: Value) { self.storage.withLock { $0.append(value) } }
}

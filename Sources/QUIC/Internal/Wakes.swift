/// Tasks to be resumed once all locks are free and no call of the library is on the stack.
struct Wakes: Sendable {
    private var continuations: [CheckedContinuation<Void, Never>] = []

    var isEmpty: Bool { self.continuations.isEmpty }

    mutating func add(_ continuation: CheckedContinuation<Void, Never>) { self.continuations.append(continuation) }

    /// Resumes them in the order in which they were added; room is kept.
    mutating func resumeAll() {
        guard !self.continuations.isEmpty else { return }
        for continuation in self.continuations { continuation.resume() }
        self.continuations.removeAll(keepingCapacity: true)
    }
}

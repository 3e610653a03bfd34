/// Tasks to be resumed once all locks are free and no call of the library is on the stack.
struct Wakes: Sendable {
    private var tasks: [ParkedTask] = []

    var isEmpty: Bool { self.tasks.isEmpty }

    mutating func add(_ task: ParkedTask) { self.tasks.append(task) }

    /// Resumes them in the order in which they were added; room is kept.
    mutating func resumeAll() {
        guard !self.tasks.isEmpty else { return }
        for task in self.tasks { task.resume() }
        self.tasks.removeAll(keepingCapacity: true)
    }
}

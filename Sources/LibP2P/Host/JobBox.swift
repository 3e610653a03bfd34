/// Work that a host does on its own account: it is handed in from anywhere, and runs as child tasks of ``LibP2PHost/run(_:)``.
final class JobBox: Sendable {
    typealias Job = @Sendable () async -> Void

    private struct State: Sendable {
        var jobs: [Job] = []
        var isOpen = true
    }

    private let state = Signal(State())

    /// Returns false where it comes too late, and will not be done. Each job stands for something that is limited itself.
    @discardableResult
    func add(_ job: @escaping Job) -> Bool {
        self.state.update { state in
            if state.isOpen { state.jobs.append(job) }
            return state.isOpen
        }
    }

    /// Starts jobs as they come, until the task is cancelled, and returns when all are done.
    func run() async {
        await withDiscardingTaskGroup { group in
            while let jobs = try? await self.state.wait({ state -> [Job]? in
                guard !state.jobs.isEmpty else { return nil }
                defer { state.jobs = [] }
                return state.jobs
            }) {
                for job in jobs { group.addTask { await job() } }
            }
            self.close()
            group.cancelAll()
        }
    }

    private func close() {
        self.state.update { state in
            state.isOpen = false
            state.jobs = []
        }
    }
}

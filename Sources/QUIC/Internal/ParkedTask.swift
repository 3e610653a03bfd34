/// A task of the application that waits, and must be resumed exactly once.
///
/// The language's checked continuation allocates for every wait to find those that are not. Here all waits go through
/// ``Monitor``, whose tests account for every one (``Ledger``).
@safe struct ParkedTask: Sendable {
    private let continuation: UnsafeContinuation<Void, Never>

    func resume() { unsafe self.continuation.resume() }

    /// Suspends the calling task. `keep` says whether it holds on to it; otherwise the task goes on at once.
    static nonisolated(nonsending) func park(_ keep: (ParkedTask) -> Bool) async {
        await unsafe withUnsafeContinuation { continuation in
            let task = unsafe ParkedTask(continuation: continuation)
            if !keep(task) { task.resume() }
        }
    }
}

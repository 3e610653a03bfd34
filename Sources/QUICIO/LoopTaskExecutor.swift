/// Where tasks run that prefer an event loop.
///
///     Task(executorPreference: loop.taskExecutor) { await router.run() }
///
/// A task without that preference resumes on the global pool before it hops to an actor of the loop: two thread
/// switches in place of none. It is not the loop itself, because a job must run on the executor that it was enqueued
/// for.
public final class LoopTaskExecutor: TaskExecutor {
    private let queue: JobQueue

    init(queue: JobQueue) { self.queue = queue }

    /// Queues a job of a task.
    public func enqueue(_ job: consuming ExecutorJob) { self.queue.append(.task(UnownedJob(job))) }
}

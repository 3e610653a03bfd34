/// The loop as the executor of actors.
extension EventLoop {
    /// Queues a job of an actor.
    public func enqueue(_ job: consuming ExecutorJob) { self.queue.append(.serial(UnownedJob(job))) }

    /// The reference that an actor hands to the runtime; it does not keep the loop alive, which nothing has to.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// Ends the process if the caller is elsewhere: what `assumeIsolated` promises.
    public func checkIsolated() {
        precondition(self.isOnLoop, "not on the event loop of this actor")
    }

    /// Whether the caller may use the loop's actors; true in a client's turn, which is no job.
    public func isIsolatingCurrentContext() -> Bool? { self.isOnLoop }
}
